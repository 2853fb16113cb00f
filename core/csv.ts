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
