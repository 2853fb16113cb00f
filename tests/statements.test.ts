import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('every statement about the pages names tests that are there, or says that it is not built', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/statements.md'), 'utf8')
  const rows = [...page.matchAll(/^\| F(\d+) \| (.+) \| (.*) \|$/gm)]
  expect(rows.map(([, n]) => Number(n))).toEqual(Array.from({ length: 48 }, (_, n) => n + 1))
  const wrong = rows.flatMap(([, n, , cell]) => {
    const named = [...cell!.matchAll(/`([^`]+\.test\.ts)`: (.*?)(?=<br>|$)/g)]
    const lost = named.filter(
      ([, file, title]) =>
        !readFileSync(join(import.meta.dirname, file!), 'utf8')
          .replaceAll("\\'", "'")
          .replaceAll('|', '/')
          .includes(title!),
    )
    if (named.length === 0 && !/not built/.test(cell!)) return [`F${n} has no test`]
    return lost.map(([, file, title]) => `F${n}: ${file} has no test called ${title}`)
  })
  expect(wrong).toEqual([])
})
