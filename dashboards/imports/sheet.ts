import { plainText, readCsv } from '../../core/csv.ts'
import { Invalid } from '../../core/errors.ts'
import type { ImportAnswer, ImportFault, Said } from '../../core/imports.ts'
import { said } from './saying.ts'

/** A column of a sheet: what heads it, what belongs in its cells. */
export type Column = {
  field: string
  label: Said
  /** other heads it goes by */
  also: readonly string[]
  fix: Said
  example: Said
  /** `code`: taken sign by sign, which a spreadsheet may have spoilt; `number`: read as one where it is one */
  takes?: 'code' | 'number'
}

/** A row as it came, and what its cells hold by column; an empty cell is not there. */
export type SheetRow = { row: number; raw: string[]; cells: Record<string, string>; faults: ImportFault[] }
export type Sheet = {
  encoding: ImportAnswer['encoding']
  heads: string[]
  columns: Column[]
  unused: string[]
  rows: SheetRow[]
}
type Limits = { rows: number; needed: readonly (readonly string[])[] }

/** The column a returned sheet has and a sheet sent again may have. */
export const reasonLabel = said('错误说明', 'Reason')
const reasonHeads = new Set([reasonLabel.zh, reasonLabel.en.toLowerCase()])
/** A title may stand above the heads, of so many rows. */
const TITLE_ROWS = 10
const A_TURN_MS = 4

export const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** Called between rows: now and then others have their turn. */
export function turns(): () => Promise<void> {
  let from = performance.now()
  return async () => {
    if (performance.now() - from < A_TURN_MS) return
    await breath()
    from = performance.now()
  }
}

/** What a spreadsheet or a person may write differently without meaning anything by it. */
export const bare = (text: string): string => text.normalize('NFKC').replaceAll(/\s+/g, '').toLowerCase()
const headOf = (text: string): string => bare(plainText(text)).replaceAll(/\(.*?\)|[*:]/g, '')

/** Excel saves Chinese as GBK, and as UTF-8 with or without a mark when asked to. */
export function readText(bytes: Uint8Array): { text: string; encoding: Sheet['encoding'] } {
  const starts = (...signs: number[]) => signs.every((sign, i) => bytes[i] === sign)
  if (starts(0x50, 0x4b, 3, 4) || starts(0xd0, 0xcf, 0x11, 0xe0))
    throw new Invalid('import-workbook', 'this is an Excel workbook: in Excel choose Save as, CSV UTF-8, and send that file')
  const encodings: Sheet['encoding'][] = starts(0xff, 0xfe) ? ['utf-16le'] : ['utf-8', 'gb18030']
  for (const encoding of encodings) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
      if (!text.includes('\0')) return { text, encoding }
    } catch {
      // the next one
    }
  }
  throw new Invalid('import-not-text', 'this is no text in UTF-8 or GBK: save the sheet as CSV and send that file')
}

export async function readSheet(bytes: Uint8Array, known: readonly Column[], limits: Limits): Promise<Sheet> {
  const { text, encoding } = readText(bytes)
  const byHead = new Map(
    known.flatMap((column) =>
      [column.label.zh, column.label.en, column.field, ...column.also].map((head) => [headOf(head), column]),
    ),
  )
  let heads: { cells: string[]; columns: (Column | undefined)[] } | null = null
  const rows: SheetRow[] = []
  const turn = turns()
  for (const { row, cells, open } of readCsv(text, separatorOf(text))) {
    await turn()
    if (open) throw new Invalid('import-quote', `a quotation mark in row ${row} is never closed: look at that row`, { row })
    if (cells.every((cell) => cell.trim() === '')) continue
    if (heads === null) {
      const columns = cells.map((cell) => byHead.get(headOf(cell)))
      if (columns.filter((column) => column !== undefined).length >= 2) heads = { cells, columns }
      else if (row >= TITLE_ROWS) break
      continue
    }
    if (rows.length === limits.rows)
      throw new Invalid('import-too-many-rows', `a sheet has at most ${limits.rows} rows: split it`, { rows: limits.rows })
    rows.push(rowOf(row, cells, heads.columns))
  }
  if (heads === null)
    throw new Invalid('import-no-heads', 'no row of this file has the heads of the template: take the template', {
      heads: known.map(({ label }) => label.zh),
    })
  const columns = heads.columns.filter((column) => column !== undefined)
  const twice = columns.find((column, i) => columns.indexOf(column) !== i)
  if (twice)
    throw new Invalid('import-head-twice', `two columns are headed ${twice.label.en}: leave one`, { column: twice.label })
  const missing = limits.needed.find((any) => !any.some((field) => columns.some((column) => column.field === field)))
  if (missing) {
    const column = known.find(({ field }) => field === missing[0])!
    throw new Invalid('import-column-missing', `the column ${column.label.en} (${column.label.zh}) is missing`, {
      column: column.label,
    })
  }
  if (rows.length === 0) throw new Invalid('import-empty', 'there is no row under the heads')
  const unused = heads.cells.filter((head, i) => heads.columns[i] === undefined && head.trim() !== '' && !isReason(head))
  return { encoding, heads: heads.cells, columns, unused, rows }
}

export const isReason = (head: string): boolean => reasonHeads.has(headOf(head))

/** A comma, or what Excel takes where the comma is for decimals, or what it puts into "Unicode text". */
function separatorOf(text: string): string {
  const start = text.slice(0, 5_000)
  const count = (sign: string) => start.split(sign).length
  return [',', ';', '\t'].reduce((best, sign) => (count(sign) > count(best) ? sign : best))
}

function rowOf(row: number, raw: string[], columns: (Column | undefined)[]): SheetRow {
  const cells: Record<string, string> = {}
  const faults: ImportFault[] = []
  for (const [i, column] of columns.entries()) {
    if (!column) continue
    const text = plainText((raw[i] ?? '').replaceAll('\0', ''))
    if (text === '') continue
    const value = column.takes === undefined ? text : text.normalize('NFKC').trim()
    const fault = spoilt(value, column)
    if (fault) faults.push({ column: column.label, ...fault })
    cells[column.field] = value
  }
  return { row, raw, cells, faults }
}

/** What a spreadsheet makes of a cell, and nobody meant. */
function spoilt(value: string, { takes, fix }: Column): Omit<ImportFault, 'column'> | null {
  if (/^#(REF|N\/A|NAME|VALUE|DIV\/0|NUM|NULL)[!?]?$/i.test(value) || value.startsWith('='))
    return {
      says: said(`“${value}”是公式或公式的错误，不是值`, `"${value}" is a formula or its error, not a value`),
      fix: said('在 Excel 中复制该列，选择性粘贴为“值”', 'in Excel copy the column and paste it as values'),
    }
  if (takes === 'code' && /^\d+(\.\d+)?E\+?\d+$/i.test(value))
    return {
      says: said(
        `“${value}”被 Excel 改成了科学计数，后面的数字已丢失`,
        `Excel has turned this code into "${value}" and lost figures`,
      ),
      fix: said(`把该列设为“文本”格式后重新填写。${fix.zh}`, `set the column to Text and enter it again; ${fix.en}`),
    }
  return null
}
