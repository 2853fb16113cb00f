import { inflateSync } from 'node:zlib'

export type Pdf = { pages: { widthMm: number; heightMm: number; text: string }[] }
const MM = 25.4 / 72

/** What a browser printed: its pages, their sizes, and the text on them without white space (a font may say the radical ⾊ for 色: NFKC). Reads what Chromium writes, no more. */
export function readPdf(bytes: Buffer): Pdf {
  const raw = bytes.toString('latin1')
  const objects = new Map<string, string>()
  for (const [, id, body] of raw.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) objects.set(id!, body!)
  const streamOf = (id: string): string => {
    const body = objects.get(id) ?? ''
    const at = body.indexOf('stream\n')
    if (at < 0) return ''
    const data = Buffer.from(body.slice(at + 7, body.lastIndexOf('\nendstream')), 'latin1')
    return (body.includes('/FlateDecode') ? inflateSync(data) : data).toString('latin1')
  }
  type Font = { digits: number; letters: Map<number, string> }
  const fontOf = (font: string): Font => {
    const letters = new Map<number, string>()
    const digits = (objects.get(font) ?? '').includes('/Type3') ? 2 : 4
    const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(font) ?? '')?.[1]
    if (map === undefined) return { digits, letters }
    const said = (hex: string) => Buffer.from(hex, 'hex').swap16().toString('utf16le')
    for (const [, block] of streamOf(map).matchAll(/beginbfchar([\s\S]*?)endbfchar/g))
      for (const [, code, to] of block!.matchAll(/<(\w+)>\s*<(\w+)>/g)) letters.set(parseInt(code!, 16), said(to!))
    for (const [, block] of streamOf(map).matchAll(/beginbfrange([\s\S]*?)endbfrange/g))
      for (const [, from, to, first] of block!.matchAll(/<(\w+)>\s*<(\w+)>\s*<(\w+)>/g)) {
        const start = parseInt(from!, 16)
        for (let code = start; code <= parseInt(to!, 16); code++)
          letters.set(code, String.fromCodePoint(parseInt(first!, 16) + code - start))
      }
    return { digits, letters }
  }
  const pages = [...objects.values()].filter((body) => /\/Type \/Page\b(?!s)/.test(body))
  return {
    pages: pages.map((body) => {
      const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(body)!
      const fonts = new Map([...body.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name!, fontOf(id!)]))
      const contents = [...(/\/Contents (?:\[([^\]]*)\]|(\d+ 0 R))/.exec(body)?.slice(1) ?? [])].join(' ')
      const drawn = [...contents.matchAll(/(\d+) 0 R/g)].map(([, id]) => streamOf(id!)).join('\n')
      let font: Font = { digits: 4, letters: new Map() }
      let text = ''
      for (const [, name, hex] of drawn.replaceAll(/\/ActualText <\w*>/g, '').matchAll(/\/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>/g)) {
        if (name !== undefined) font = fonts.get(name) ?? font
        else
          for (let at = 0; at < hex!.length; at += font.digits)
            text += font.letters.get(parseInt(hex!.slice(at, at + font.digits), 16)) ?? '\u{fffd}'
      }
      return { widthMm: Number(width) * MM, heightMm: Number(height) * MM, text: text.normalize('NFKC').replaceAll(/\s/g, '') }
    }),
  }
}
