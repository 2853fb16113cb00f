import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

/**
 * Part of `npm run build`: the schema library's files become a few in dist/packages, which journal/packages.js takes in their place.
 * Measured on two cores: ready after 1.3 s instead of 2.0 s.
 */
const root = resolve(import.meta.dirname, '..')
const names = ['typebox', 'typebox/compile', 'typebox/value']
const fileOf = (name: string) => `${name.replaceAll('/', '-')}.js`

await build({
  configFile: false,
  root,
  logLevel: 'warn',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: 'node24',
    outDir: join(root, 'dist', 'packages'),
    emptyOutDir: true,
    minify: false,
    rollupOptions: {
      input: Object.fromEntries(names.map((name) => [name.replaceAll('/', '-'), name])),
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})
const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'typebox', 'package.json'), 'utf8')) as { version: string }
const files = Object.fromEntries(names.map((name) => [name, fileOf(name)]))
writeFileSync(join(root, 'dist', 'packages', 'joined.json'), `${JSON.stringify({ version, files }, null, 2)}\n`)
