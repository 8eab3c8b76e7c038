import { Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { paths } from '../paths'
import { MenuLink } from '../ui/links'
import { notifyFailure } from '../ui/notify'
import { signOut } from './auth'
import classes from './frame.module.css'
import { colorSchemes } from './navigation'
import { useMe, useMembership } from './session'

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const firstOf = (word: string) => [...segments.segment(word)][0]?.segment.toLocaleUpperCase() ?? ''

/** The first letters of the first and the last word, whatever the script. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  const ends = words.length > 1 ? [words[0]!, words.at(-1)!] : words
  return ends.map(firstOf).join('') || '?'
}

export function AccountMenu() {
  const { user, organizations } = useMe()
  const here = useMembership()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [opened, setOpened] = useState(false)
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => window.location.assign('/sign-in'),
    onError: notifyFailure,
  })
  const others = organizations.filter(({ id }) => id !== here.id)

  return (
    <Menu width={260} opened={opened} onChange={setOpened} classNames={{ itemLabel: classes.clamped }}>
      <Menu.Target>
        <UnstyledButton className={classes.initials} data-initials={initialsOf(user.name)} aria-label="Account menu" />
      </Menu.Target>
      <Menu.Dropdown className={classes.menu}>
        <Menu.Label>
          <Text component="bdi" fw={600} c="var(--mantine-color-text)" lineClamp={2}>
            {user.name}
          </Text>
          <Text size="xs" c="dimmed" truncate title={user.email}>
            {user.email}
          </Text>
        </Menu.Label>
        <MenuLink {...paths.account(here.slug)} onClick={() => setOpened(false)}>
          Settings
        </MenuLink>
        {others.length > 0 && <Menu.Divider />}
        {others.map(({ id, slug, name }) => (
          <MenuLink key={id} {...paths.apis(slug)} onClick={() => setOpened(false)}>
            Switch to {name}
          </MenuLink>
        ))}
        <Menu.Divider />
        <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}>
          {colorSchemes.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item onClick={() => leave.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
