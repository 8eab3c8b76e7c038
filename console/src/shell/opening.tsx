import { Skeleton } from '@mantine/core'
import { PageSkeleton } from '../ui/page'
import classes from './frame.module.css'

/** The frame before it is known who is here: where things will be, nothing that jumps. */
export function Opening() {
  return (
    <>
      <header className={classes.header}>
        <Skeleton h={24} w={120} />
        <Skeleton h={34} w={34} circle />
      </header>
      <main className={classes.main}>
        <PageSkeleton />
      </main>
    </>
  )
}
