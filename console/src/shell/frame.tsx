import { Anchor } from '@mantine/core'
import { Link, Outlet } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { apiDocumentation, paths } from '../paths'
import { PageSkeleton } from '../ui/page'
import { useDialog } from '../ui/use-dialog'
import { AccountMenu } from './account-menu'
import { useEvaluationStream, useFeature } from './evaluation'
import classes from './frame.module.css'
import { FreshStartNotice } from './fresh-start-notice'
import { rememberOrganization, useInstance, useMembership } from './session'
import { SignInAgain } from './sign-in-again'
import { Mark } from './wordmark'

// Of a feature that is on, or of a dialog that is open: nobody else loads them.
const CommandPalette = lazy(async () => ({
  default: (await import('../features/command-palette/command-palette')).CommandPalette,
}))
const FeedbackDialog = lazy(async () => ({
  default: (await import('../features/previews/feedback-dialog')).FeedbackDialog,
}))

/** Header and page of someone who is signed in. */
export function Frame() {
  const { productName } = useInstance()
  const { slug } = useMembership()
  const { dialog, id, close } = useDialog()
  const palette = useFeature('command-palette')
  useEffect(() => rememberOrganization(slug), [slug])
  useEvaluationStream()
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
          <Suspense fallback={null}>{palette.on && <CommandPalette />}</Suspense>
          <Anchor href={apiDocumentation} target="_blank" rel="noreferrer" className={classes.help}>
            Help
          </Anchor>
          <AccountMenu />
        </nav>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <div className={classes.notices}>
          <FreshStartNotice />
        </div>
        <Suspense fallback={<PageSkeleton />}>
          <Outlet />
        </Suspense>
      </main>
      <Suspense fallback={null}>
        {dialog === 'feedback' && id && <FeedbackDialog feature={id} onClose={close} />}
      </Suspense>
      <SignInAgain />
    </>
  )
}
