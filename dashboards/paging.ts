import { Type } from 'typebox'
import { Invalid } from '../core/errors.ts'

export const LimitSchema = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 1_000, description: 'most rows in one answer', examples: [100] }),
)
export const CursorSchema = Type.Optional(Type.String({ maxLength: 1_000, description: '`next` of the answer before' }))
export const DEFAULT_LIMIT = 200

/** Rows with an id, kept in order of their ids until `version` says they have changed. */
export class OrderedRows<T extends { id: string }> {
  #rows: () => Iterable<T>
  #version: () => number
  #seen = -1
  #ordered: T[] = []

  constructor(rows: () => Iterable<T>, version: () => number) {
    this.#rows = rows
    this.#version = version
  }

  /** The next `limit` rows that are wanted, after where `cursor` points. */
  page(wanted: (row: T) => boolean, limit: number, cursor: string | undefined): { rows: T[]; next?: string } {
    this.#order()
    const after = cursor === undefined ? null : readCursor(cursor)
    const rows: T[] = []
    for (let i = after === null ? 0 : this.#after(after); i < this.#ordered.length; i++) {
      const row = this.#ordered[i]!
      if (!wanted(row)) continue
      if (rows.length === limit) return { rows, next: Buffer.from(rows.at(-1)!.id).toString('base64url') }
      rows.push(row)
    }
    return { rows }
  }

  #order(): void {
    if (this.#seen === this.#version()) return
    this.#seen = this.#version()
    this.#ordered = [...this.#rows()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #after(id: string): number {
    let low = 0
    let high = this.#ordered.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ordered[middle]!.id <= id) low = middle + 1
      else high = middle
    }
    return low
  }
}

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) {
    throw new Invalid('invalid', 'cursor is not one this list has given: send `next` of the answer before, unchanged', {
      field: 'cursor',
    })
  }
  return id
}
