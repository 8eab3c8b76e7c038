import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env.PORTCULLIS_SERVER ?? 'http://127.0.0.1:3000'

export default defineConfig({
  plugins: [react()],
  // Nothing is inlined: the server's Content-Security-Policy allows scripts and images from its own origin alone.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    // Each answer costs its headers as well: what several pages share travels in one file.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 6 }] } },
    },
  },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/docs': server, '/openapi.json': server, '/ofrep': server } },
})
