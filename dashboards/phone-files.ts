import { createHash } from 'node:crypto'

/** What of a build's output this needs to know; Vite's own types say much more. */
type Built = { type: string; fileName: string; code?: string; imports?: string[]; isEntry?: boolean; name?: string }
type WithCss = Built & { viteMetadata?: { importedCss: Set<string>; importedAssets: Set<string> } }

const OWN = ['/assets/phone-1-192.png', '/m/manifest.webmanifest']

/** Tells the phone's service worker, once all names are known, which files its page is made of. */
export function phoneFiles() {
  return {
    name: 'phone-files',
    // After every file has its name and its content.
    enforce: 'post' as const,
    generateBundle(_options: unknown, bundle: Record<string, unknown>) {
      const built = Object.values(bundle) as WithCss[]
      const worker = built.find(({ isEntry, name }) => isEntry && name === 'service-worker')
      const page = built.find(({ isEntry, name }) => isEntry && name === 'm')
      if (!worker?.code || !page) throw new Error('the phone page and its service worker are built together')
      const needed = new Set<string>()
      const add = (fileName: string) => {
        if (needed.has(fileName)) return
        needed.add(fileName)
        const file = bundle[fileName] as WithCss | undefined
        for (const one of file?.viteMetadata?.importedCss ?? []) needed.add(one)
        for (const one of file?.viteMetadata?.importedAssets ?? []) needed.add(one)
        for (const one of file?.imports ?? []) add(one)
      }
      add(page.fileName)
      const icon = built.find(({ fileName }) => /beacon-.*\.svg$/.test(fileName))
      if (icon) needed.add(icon.fileName)
      const files = [...[...needed].map((name) => `/${name}`).sort(), ...OWN]
      const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 12)
      worker.code = worker.code
        .replaceAll('__PHONE_FILES__', JSON.stringify(files))
        .replaceAll('__PHONE_VERSION__', JSON.stringify(version))
    },
  }
}
