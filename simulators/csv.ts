/** A row that is not CSV: where it is. */
export type CsvRow = { line: number; cells: string[] }

/**
 * CSV as spreadsheets write it (RFC 4180): quotes with doubled quotes inside, line ends in quotes, CR LF or LF or CR, a byte
 * order mark. Text arrives in pieces of any size; rows leave as they are complete, so a file of any length takes little memory.
 */
export class CsvReader {
  /** line of the file the current row begins on, from 1 */
  #line = 1
  #rowLine = 1
  #cell = ''
  #cells: string[] = []
  #state: 'start' | 'plain' | 'quoted' | 'quote-in-quoted' = 'start'
  #first = true
  #afterCr = false
  #separator: string

  constructor(separator = ',') {
    this.#separator = separator
  }

  *push(text: string): Generator<CsvRow> {
    for (let i = 0; i < text.length; i++) {
      const char = text[i]!
      if (this.#first) {
        this.#first = false
        if (char === '\uFEFF') continue
      }
      const lineFeedOfCrLf = this.#afterCr && char === '\n'
      this.#afterCr = char === '\r'
      if (char === '\r' || (char === '\n' && !lineFeedOfCrLf)) this.#line++
      if (this.#state === 'quoted') {
        if (char === '"') this.#state = 'quote-in-quoted'
        else this.#cell += char
      } else if (this.#state === 'quote-in-quoted' && char === '"') {
        this.#cell += '"'
        this.#state = 'quoted'
      } else if (char === this.#separator) {
        this.#endCell()
      } else if (char === '\r' || char === '\n') {
        if (lineFeedOfCrLf) {
          this.#rowLine = this.#line
          continue
        }
        yield* this.#endRow()
      } else if (char === '"' && this.#state === 'start') {
        this.#state = 'quoted'
      } else {
        this.#cell += char
        this.#state = 'plain'
      }
    }
  }

  /** The last row, when the file does not end with a line end. */
  *end(): Generator<CsvRow> {
    yield* this.#endRow()
  }

  /** The file ended inside quotes, which began on this row. */
  get openQuoteSince(): number | null {
    return this.#state === 'quoted' ? this.#rowLine : null
  }

  #endCell(): void {
    this.#cells.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
  }

  *#endRow(): Generator<CsvRow> {
    const empty = this.#cells.length === 0 && this.#cell === '' && this.#state === 'start'
    this.#endCell()
    const cells = this.#cells
    const line = this.#rowLine
    this.#cells = []
    this.#rowLine = this.#line
    if (!empty) yield { line, cells }
  }
}
