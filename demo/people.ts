/* Who and what the example organization is made of. */

export const password = 'a gate goes up and down'
export const organization = { name: 'Tidewater Robotics', second: 'Tidewater Labs' }

export interface Member {
  name: string
  email: string
}

const addressOf = (name: string) => `${name.toLowerCase().replace(/\W+/g, '.')}@tidewater.example`
const people = (names: string): Member[] => names.split(', ').map((name) => ({ name, email: addressOf(name) }))

/** The first founded the organization and is the one to sign in as. */
export const admins = people('Maren Holt, Joao Pereira')

const members = people(
  'Amara Okafor, Ben Sandoval, Chiara Rossi, Daniel Weiss, Elif Kaya, Farid Haddad, Greta Lindqvist, Hana Suzuki, ' +
    'Ibrahim Diallo, Jana Novak, Kofi Mensah, Lea Fontaine, Mateo Vargas, Nadia Petrova, Omar Farouk, Priya Raman, ' +
    'Quinn Gallagher, Rosa Delgado, Samuel Adeyemi, Tanvi Desai, Umberto Greco, Vera Kowalska, William Tan, ' +
    'Ximena Flores, Yusuf Demir, Zoe Chambers, Anders Berg, Bianca Moretti, Cedric Laurent, Divya Nair, ' +
    'Emil Hansen, Fiona Murphy, Gabriel Costa, Ingrid Solberg',
)

/** Everybody who is here, in the order in which they came. */
export const joined = [...admins, ...members]

/** Invited, and not yet here; the first let the link run out. */
export const invited = people('Lukas Brandt, Noor Hassan, Tessa Whitfield, Marcus Bell')

export const groups = [
  { name: 'Platform', description: 'Runs the clusters, and everything that deploys to them.' },
  { name: 'Data science', description: 'Forecasts, route planning and the notebooks behind them.' },
  { name: 'Fleet operations', description: 'Keeps the harbour robots moving, day and night.' },
  { name: 'Mobile apps', description: 'The inspector app on phones and tablets.' },
  { name: 'Field support', description: 'On site with customers.' },
  { name: 'Research', description: 'Perception and grasping.' },
  { name: 'Security', description: 'Reviews access, answers incidents.' },
  { name: 'Finance systems', description: 'Invoices, billing and the interfaces to accounting.' },
] as const

/** Service accounts with the group of each. */
export const services = [
  { name: 'Deploy pipeline', group: 'Platform' },
  { name: 'Cluster autoscaler', group: 'Platform' },
  { name: 'Status page', group: 'Platform' },
  { name: 'Invoice export', group: 'Finance systems' },
  { name: 'Accounting sync', group: 'Finance systems' },
  { name: 'Nightly forecast', group: 'Data science' },
  { name: 'Notebook runner', group: 'Data science' },
  { name: 'Fleet telemetry', group: 'Fleet operations' },
  { name: 'Dock scheduler', group: 'Fleet operations' },
  { name: 'App release bot', group: 'Mobile apps' },
  { name: 'Ticket bridge', group: 'Field support' },
  { name: 'Secret scanner', group: 'Security' },
] as const

/** The organization's own login, with what some programs are called there. */
export const ownLogin = { name: 'Tidewater Login', audience: 'https://api.tidewater.example' } as const
export const clients = [
  { account: 'Deploy pipeline', subject: 'deploy-pipeline', displayName: 'Production' },
  { account: 'Nightly forecast', subject: 'forecast', displayName: 'Every night at two' },
  { account: 'Fleet telemetry', subject: 'fleet-telemetry', displayName: '' },
] as const

export const personalTokens = [
  'Laptop',
  'Command line',
  'Editor plug-in',
  'Notebook',
  'Load test',
  'Workshop in Rotterdam',
  'Postman',
  'Home office',
  'Data import',
  'Trying the API',
]
export const serviceTokens = ['Production', 'Staging', 'Continuous integration', 'Disaster recovery', 'Customer pilot']

export const browsers = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
]
