'use strict'
// Runs with `npm ci` and `npm install`, in the JavaScript of old versions of Node.js. The server runs on the Node.js that
// is installed with it, but what npm installs depends on npm's own: under an older one it leaves out the parts of
// the console's build that are made for this machine, and npm 9 answers a failed build with 0.
var agent = process.env.npm_config_user_agent || ''

function versionOf(name) {
  var found = new RegExp(name + '/v?(\\d+)\\.(\\d+)').exec(agent)
  return found ? Number(found[1]) * 1000 + Number(found[2]) : undefined
}

var npm = versionOf('npm')
var node = versionOf('node')
var isOld = node < 20019 || (node >= 21000 && node < 22012) || npm < 10000
if (isOld) {
  process.stderr.write(
    '\nPortcullis is installed with Node.js 20.19, 22.12 or later and npm 10 or later; this is ' +
      agent.split(' ').slice(0, 2).join(' and ') +
      '.\n\n',
  )
  process.exit(1)
}
