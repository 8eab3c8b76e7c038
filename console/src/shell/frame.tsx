import { Anchor } from '@mantine/core'
import { Link, Outlet } from '@tanstack/react-router'
import { Suspense, useEffect } from 'react'
import { apiDocumentation, paths } from '../paths'
import { PageSkeleton } from '../ui/page'
import { AccountMenu } from './account-menu'
import classes from './frame.module.css'
import { rememberOrganization, useInstance, useMembership } from './session'
import { SignInAgain } from './sign-in-again'
import { Mark } from './wordmark'

/** Header and page of someone who is signed in. */
export function Frame() {
  const { productName } = useInstance()
  const { slug } = useMembership()
  useEffect(() => rememberOrganization(slug), [slug])
  return (
    <>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.header}>
        <Link {...paths.apis(slug)} className={classes.brand}>
          <Mark />
          <bdi className={classes.clamped}>{productName}</bdi>
        </Link>
        <nav className={classes.side} aria-label="Help and account">
          <Anchor href={apiDocumentation} target="_blank" rel="noreferrer" className={classes.help}>
            Help
          </Anchor>
          <AccountMenu />
        </nav>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Suspense fallback={<PageSkeleton />}>
          <Outlet />
        </Suspense>
      </main>
      <SignInAgain />
    </>
  )
}
