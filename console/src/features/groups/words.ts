export const countMembers = (count: number) => (count === 1 ? '1 member' : `${count.toLocaleString()} members`)

export const groupRoles = { member: 'Member', manager: 'Manager' } as const
