import type { AnyCommand, CommandContext, Outcome, Print } from './command.ts'

/** Runs a command by its name with arguments that nobody has looked at yet. A throw is a bug or a broken dependency. */
export async function dispatch(
  commands: readonly AnyCommand[],
  context: CommandContext,
  asked: { name: string; args: unknown },
  print: Print,
): Promise<Outcome> {
  const command = commands.find((it) => it.name === asked.name)
  if (!command) {
    print(`The running instance knows no command \`${asked.name}\`: it is of another version than this one.`)
    return { exitCode: 1 }
  }
  const args = command.args.safeParse(asked.args)
  if (!args.success) {
    for (const issue of args.error.issues) print(`${issue.path.join('.') || 'Arguments'}: ${issue.message}`)
    return { exitCode: 2 }
  }
  return command.run(context, args.data, print)
}
