/**
 * Cells a spreadsheet would take for something else than the text they are: formulas (semantics 26), codes that it would
 * round or rob of their zeros, and what looks like a date.
 */
const formula = /^[=+\-@\t\r]/
const code = /^(0\d+|\d{12,}|\d+[eE]\d+|\d{1,4}[-/]\d{1,2}([-/]\d{1,4})?)$/
const needsQuotes = /[",\r\n]/

/** A text cell; a leading `'` keeps it a text. Numbers do not go through this. */
export function cellText(text: string): string {
  const safe = formula.test(text) || code.test(text) ? `'${text}` : text
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** What somebody typed, of a cell we may have written: without the `'` that kept it a text, and without space around it. */
export function plainText(cell: string): string {
  const text = cell.trim()
  const rest = text.slice(1)
  return text.startsWith("'") && (formula.test(rest) || code.test(rest)) ? rest : text
}

/**
 * The rows of a text as a sheet numbers them, the first is 1; line ends inside quotes belong to a cell. What is quoted without an end goes
 * to the end of the text, and `open` is then the row where the quote began.
 */
export function* readCsv(text: string, separator: string): Generator<{ row: number; cells: string[]; open: boolean }> {
  let at = 0
  for (let row = 1; at < text.length; row++) {
    const cells: string[] = []
    let open = false
    for (;;) {
      let cell = ''
      if (text[at] === '"') {
        for (;;) {
          const end = text.indexOf('"', at + 1)
          open = end < 0
          cell += text.slice(at + 1, open ? undefined : end)
          at = open ? text.length : end + 1
          if (text[at] !== '"') break
          cell += '"'
        }
      }
      const from = at
      while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++
      cells.push(cell + text.slice(from, at))
      if (text[at] !== separator) break
      at++
    }
    yield { row, cells, open }
    at += text.startsWith('\r\n', at) ? 2 : 1
  }
}

export const csvLine = (cells: readonly string[]): string => `${cells.join(',')}\r\n`

/** What a file of readings has in its columns, as its first line names them. */
export const readingColumns = {
  zh: ['设备', '名称', '企业', '指标', '指标名称', '单位', '测量时间', '数值', '质量', '原因', '接收时间'],
  en: [
    'device',
    'name',
    'enterprise',
    'metric',
    'metric name',
    'unit',
    'measured at',
    'value',
    'quality',
    'reason',
    'received at',
  ],
} as const
