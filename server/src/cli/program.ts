import { InvalidArgumentError, Command as Program } from 'commander'
import { loadEnvFile } from '../config.ts'
import { version } from '../http/build-info.ts'
import { describeAudit } from './audit-program.ts'
import { describeBackup } from './backup-program.ts'
import type { Outcome } from './command.ts'
import { countsOf, reportText } from './doctor/report.ts'
import { configured, explainFailure, isMisuse, misuse } from './explain.ts'
import { firstLine } from './password.ts'
import { mayCreateDatabase, runCommand } from './reach.ts'

/* Each command loads what it needs when it runs: `--help` or a question to a running instance needs next to nothing. */

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Whoever reads our output may stop reading (`… | head -1`); that is no fault of ours to tell of. */
const stopWithReader = (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}
const complain = (line: string) => void process.stderr.write(`${line}\n`)
const refuse = (line: string) => {
  complain(line)
  process.exitCode = misuse
}

/** Runs a command of the registry, wherever the database can be reached; its exit code becomes this process's. */
async function run(name: string, args: Record<string, unknown>, alone = false): Promise<Outcome | undefined> {
  const config = configured(mayCreateDatabase(name))
  if (!config) return undefined
  const outcome = await runCommand(config, { name, args, alone }, print)
  process.exitCode = outcome.exitCode
  return outcome
}

interface OrganizationOptions {
  name: string
  adminEmail: string
  adminName?: string
  passwordStdin?: true
  inviteExisting?: true
}

async function createOrganization({ passwordStdin, ...args }: OrganizationOptions): Promise<void> {
  const password = passwordStdin && (await firstLine(process.stdin))
  await run('organization-create', { ...args, ...(password !== undefined && { password }) })
}

const widest = 110
const withoutTerminal = 100

async function doctor({ json }: { json?: true }): Promise<void> {
  const { examine } = await import('./doctor.ts')
  const findings = await examine()
  const { faults } = countsOf(findings)
  const width = Math.min(process.stdout.columns ?? withoutTerminal, widest)
  print(
    json
      ? JSON.stringify({ ...countsOf(findings), findings }, null, 2)
      : reportText(findings, { stream: process.stdout, width }),
  )
  process.exitCode = faults > 0 ? 1 : 0
}

async function startInstance({ recovery }: { recovery?: true }): Promise<void> {
  const config = configured(!recovery)
  if (!config) return
  const [{ start }, { commands }] = await Promise.all([import('../start.ts'), import('./registry.ts')])
  await start(config, commands, recovery)
}

async function migrateDatabase(): Promise<void> {
  const config = configured(true)
  if (!config) return
  const { migrate } = await import('./migrate.ts')
  await migrate(config, print)
}

/** Before any command reads its configuration. */
function readEnvFile(file: string): string {
  try {
    loadEnvFile(file)
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
  return file
}

function describeOrganization(program: Program): void {
  const organization = program.command('organization').description('organizations of this instance')
  organization
    .command('create')
    .description('create an organization with its first admin, and print a one-time link to choose the password')
    .requiredOption('--name <name>', 'what it is called')
    .requiredOption('--admin-email <email>', 'who becomes its admin')
    .option('--admin-name <name>', 'what a new admin is called (default: the email address)')
    .option('--password-stdin', 'read the password of a new admin from standard input instead of printing a link')
    .option('--invite-existing', 'invite a person who signs in already; they become admin once they accept, signed in')
    .action(createOrganization)
  organization
    .command('invite-admin')
    .description('print a link that invites an admin, or a new link for an open invitation')
    .requiredOption('--organization <id>', 'the organization, by id')
    .requiredOption('--email <email>', 'who is invited')
    .action(async (options: Record<string, unknown>) => void (await run('organization-invite-admin', options)))
}

const adminCommands = {
  'reset-password': 'print a one-time link by which a person chooses a new password',
  'confirm-address': 'vouch that an email address belongs to the person who signs in with it',
  'reset-person': 'end the password, second factor, sessions and API tokens of a person, in every organization',
  'reset-second-factor': 'turn off the two-factor authentication of a person, and end their sessions',
  'stop-fresh-start': 'stop the requested fresh start of a person whose address is not confirmed',
}

function describeAdmin(program: Program): void {
  const admin = program.command('admin').description('help for people who cannot sign in')
  for (const [name, description] of Object.entries(adminCommands))
    admin
      .command(name)
      .argument('<email>', 'the address that the person signs in with')
      .description(description)
      .action(async (email: string) => void (await run(`admin-${name}`, { email })))
}

async function checkCatalogue(file: string): Promise<void> {
  const { checkFeatures } = await import('./features-check.ts')
  process.exitCode = (await checkFeatures(file, print)).exitCode
}

function describePreviews(program: Program): void {
  program
    .command('features')
    .description('the catalogue of preview features (PORTCULLIS_FEATURES)')
    .command('check')
    .argument('<file>', 'the catalogue, in YAML')
    .description('say what is wrong with a catalogue, by line and column')
    .action(checkCatalogue)
  program
    .command('feedback')
    .description('what people say of preview features')
    .command('list')
    .description('list what people wrote, newest first')
    .option('--feature <key>', 'only of this one')
    .option('--limit <number>', 'how many at most, up to 200 (default: 50)')
    .option('--before <id>', 'only what was written before this one')
    .option('--json', 'for machines')
    .action(async (options: Record<string, unknown>) => void (await run('feedback-list', options)))
}

function buildProgram(): Program {
  const program = new Program('portcullis')
    .description('Organization settings for API products. Configured by the environment; see the README.')
    .version(version)
    .option('--env-file <file>', 'read NAME=value lines before the environment; may be repeated', readEnvFile)
    .showHelpAfterError('(portcullis --help shows what there is)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : misuse))
  program
    .command('start')
    .description('serve the console and the API')
    .option('--recovery', 'after restoring a backup: lower every gate first, as `recovery begin` does')
    .action(startInstance)
  program.command('migrate').description('bring the database up to date, and exit').action(migrateDatabase)
  describeOrganization(program)
  describeAdmin(program)
  describeAudit(program, { run, print, complain, refuse })
  describeBackup(program, run)
  describePreviews(program)
  program
    .command('doctor')
    .description('say what is wrong with this installation, and how to mend it')
    .option('--json', 'for machines')
    .action(doctor)
  return program
}

/** The command line. Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration. */
export async function runCli(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', stopWithReader)
  try {
    await buildProgram().parseAsync([...argv])
  } catch (error) {
    explainFailure(error)
    // Whatever still listens or waits after a failure is of no use to anybody.
    process.exit(isMisuse(error) ? misuse : 1)
  }
}
