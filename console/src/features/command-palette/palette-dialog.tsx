import { Modal } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { PreviewTag } from '../../shell/preview-tag'
import { useMe } from '../../shell/session'
import { useFocusReturn } from '../../ui/dialog'
import classes from './command-palette.module.css'
import { type Command, find } from './commands'
import { readRecent, rememberRecent } from './recent'
import { useCommands } from './use-commands'

const steps: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => (at >= last ? 0 : at + 1),
  ArrowUp: (at, last) => (at <= 0 ? last : at - 1),
}

/** At once: whoever presses Ctrl+K goes on typing, and what is typed before the dialog's own focus would be lost. */
const focus = (input: HTMLInputElement | null) => input?.focus()

/** Typed into, walked with the arrow keys while the field keeps the focus (the ARIA pattern of a combobox with a list). */
export function PaletteDialog({ onClose }: { onClose: () => void }) {
  const { user } = useMe()
  const commands = useCommands()
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const [recent] = useState(() => readRecent(user.id))
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  useFocusReturn()

  const groups = find(commands, typed, recent)
  const all = groups.flatMap(({ commands }) => commands)
  const current = all[Math.min(at, all.length - 1)]
  const optionId = ({ key }: Command) => `${id}${key.replace(/\W/g, '-')}`

  useEffect(() => {
    // The first is shown with the heading of its group.
    if (at === 0) list.current?.scrollTo({ top: 0 })
    else list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [at])

  const choose = (command: Command) => {
    rememberRecent(user.id, command.key)
    onClose()
    command.run()
  }
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter') {
      event.preventDefault()
      if (current) choose(current)
      return
    }
    const to = steps[event.key]?.(Math.min(at, all.length - 1), all.length - 1)
    if (to === undefined) return
    event.preventDefault()
    setAt(to)
  }
  return (
    <Modal.Root
      opened
      onClose={onClose}
      size={560}
      yOffset="10vh"
      returnFocus={false}
      transitionProps={{ duration: 80 }}
    >
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes.palette}>
          <div className={classes.field}>
            <IconSearch size={18} aria-hidden />
            <input
              ref={focus}
              className={classes.input}
              role="combobox"
              aria-label="Search pages and actions"
              aria-expanded="true"
              aria-controls={`${id}list`}
              aria-activedescendant={current && optionId(current)}
              aria-autocomplete="list"
              placeholder="Search pages and actions"
              autoComplete="off"
              spellCheck={false}
              maxLength={100}
              data-autofocus
              value={typed}
              onChange={(event) => {
                setTyped(event.currentTarget.value)
                setAt(0)
              }}
              onKeyDown={press}
            />
          </div>
          <div ref={list} className={classes.list} role="listbox" id={`${id}list`} aria-label="Pages and actions">
            {groups.map(({ group, commands }) => (
              // biome-ignore lint/a11y/useSemanticElements: options of a list are grouped by this role, no fieldset
              <div key={group} role="group" aria-label={group}>
                <div className={classes.group} aria-hidden="true">
                  {group}
                </div>
                {commands.map((command) => (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which has the focus
                  <div
                    key={command.key}
                    id={optionId(command)}
                    className={classes.option}
                    role="option"
                    tabIndex={-1}
                    aria-selected={command === current}
                    onClick={() => choose(command)}
                    onPointerMove={() => setAt(all.indexOf(command))}
                  >
                    <bdi className={classes.label}>{command.label}</bdi>{' '}
                    {command.feature && <PreviewTag plain feature={command.feature} />}
                    {group !== command.group && <span className={classes.kind}>{kinds[command.group]}</span>}
                  </div>
                ))}
              </div>
            ))}
          </div>
          <div className={classes.nothing} role="status">
            {all.length === 0 && 'No page and no action is called that.'}
          </div>
          <div className={classes.foot}>
            <Modal.Title className={classes.title}>Command palette</Modal.Title>
            <PreviewTag feature="command-palette" onFeedback={onClose} />
            <span className={classes.keys} aria-hidden="true">
              ↑ ↓ to choose, Enter to go, Esc to close
            </span>
          </div>
        </div>
      </Modal.Content>
    </Modal.Root>
  )
}

const kinds: Record<Command['group'], string> = { Pages: 'Page', Actions: 'Action' }
