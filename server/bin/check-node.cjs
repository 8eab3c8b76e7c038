'use strict'
// In the JavaScript of old versions, so that they can run it.

var oldestNode = 24

/** Ends the process with one sentence where Node.js is too old for the server. */
exports.checkNode = () => {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return
  process.stderr.write(
    'Portcullis needs Node.js ' +
      oldestNode +
      ' or later, and this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '). `npm ci` installs one into node_modules: use `npm start` or `npx --no portcullis`.\n',
  )
  process.exit(2)
}
