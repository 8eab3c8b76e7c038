import { UnstyledButton } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { PreviewTag } from '../../shell/preview-tag'
import classes from './command-palette.module.css'
import { PaletteDialog } from './palette-dialog'

const shortcut = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘ K' : 'Ctrl K'

/** The way to the palette: Ctrl/⌘-K anywhere, and a button that says so. */
export function CommandPalette() {
  const [opened, setOpened] = useState(false)
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
      event.preventDefault()
      // Not over another dialog: what is being typed there would be left behind.
      setOpened((now) => !now && !document.querySelector('[role=dialog]'))
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
  return (
    <>
      <UnstyledButton
        className={classes.hint}
        aria-keyshortcuts="Control+K Meta+K"
        aria-haspopup="dialog"
        onClick={() => setOpened(true)}
      >
        <IconSearch size={16} aria-hidden />
        <span className={classes.words}>Search</span>
        <kbd className={classes.key}>{shortcut}</kbd>
        <span className={classes.tag}>
          <PreviewTag plain feature="command-palette" />
        </span>
      </UnstyledButton>
      {opened && <PaletteDialog onClose={() => setOpened(false)} />}
    </>
  )
}
