'use strict'
// `npm start`: builds the console when it has to, then serves. In the JavaScript of old versions of Node.js, so that they
// can say what is missing.
require('../server/bin/check-node.cjs').checkNode()
var join = require('node:path').join
var spawnSync = require('node:child_process').spawnSync

var build = join(__dirname, '../console/build.ts')
var built = spawnSync(process.execPath, [build, '--if-needed'], {
  cwd: join(__dirname, '../console'),
  stdio: 'inherit',
})
if (built.status !== 0) {
  process.stderr.write('The console could not be built, so nothing was started.\n')
  process.exit(1)
}
process.argv.splice(2, 0, 'start')
require('../server/bin/portcullis.cjs')
