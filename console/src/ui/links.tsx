import { Anchor, type AnchorProps, Button, type ButtonProps, Menu, type MenuItemProps } from '@mantine/core'
import { createLink, type LinkProps } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type AnchorElementProps<Own> = Own &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Own> & { ref?: Ref<HTMLAnchorElement> }

/** Where a generic piece leads, as `paths.ts` makes it. */
export type Path = Pick<LinkProps, 'to' | 'params' | 'search'>

export const TextLink = createLink((props: AnchorElementProps<AnchorProps>) => <Anchor component="a" {...props} />)

export const ButtonLink = createLink((props: AnchorElementProps<ButtonProps>) => <Button component="a" {...props} />)

export const MenuLink = createLink((props: AnchorElementProps<MenuItemProps>) => <Menu.Item component="a" {...props} />)
