// The schema library comes as 700 small files, which every thread read one by one: a third of a start. `npm run build` joins them
// (operate/join-packages.ts); what it joined is taken from there while it is of the version that is installed. Plain JavaScript, as
// thread-start.js is.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const read = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))

function joined() {
  try {
    const { version, files } = read('../dist/packages/joined.json')
    return read('../node_modules/typebox/package.json').version === version ? files : null
  } catch {
    return null
  }
}

const files = joined()
if (files && registerHooks) {
  const urls = new Map(
    Object.entries(files).map(([name, file]) => [name, new URL(`../dist/packages/${file}`, import.meta.url).href]),
  )
  registerHooks({
    resolve(name, context, next) {
      const url = urls.get(name)
      return url === undefined ? next(name, context) : { url, format: 'module', shortCircuit: true }
    },
  })
}
