import {
  importStates,
  type ImportChange,
  type ImportFault,
  type ImportRow,
  type ImportState,
  type Said,
} from '../../core/imports.ts'
import type { SheetRow } from './sheet.ts'

/** What a row of a sheet comes to: shown before anything is written, and then done. `wishes` are empty where it is already there. */
export type RowPlan<Wish> = {
  source: SheetRow
  name: string
  state: ImportState
  faults: ImportFault[]
  notes: Said[]
  changes: ImportChange[]
  wishes: Wish[]
}

export const newPlan = <Wish>(source: SheetRow, name: string): RowPlan<Wish> => ({
  ...{ source, name, state: 'same', faults: [...source.faults], notes: [], changes: [], wishes: [] },
})

/** Nothing of a bad row is done, whatever of it was good. */
export function isBad<Wish>(plan: RowPlan<Wish>): boolean {
  if (plan.faults.length === 0) return false
  // One reason a cell: the first says most, what follows from it is not said again.
  const faults = plan.faults.filter(
    ({ column }, i) => column === null || plan.faults.findIndex((one) => one.column === column) === i,
  )
  Object.assign(plan, { state: 'bad', faults, changes: [], wishes: [] })
  return true
}

/** The template's example, left in the sheet. */
export const isExample = ({ raw }: SheetRow): boolean => raw.some((cell) => /^(示例[:：]|Example:)/i.test(cell.trim()))

export const shownRow = <Wish>({ source, name, state, faults, notes, changes }: RowPlan<Wish>): ImportRow => ({
  ...{ row: source.row, name, state, faults, notes, changes },
})

export function countStates(plans: readonly { state: ImportState }[]): Record<ImportState, number> {
  const counts = Object.fromEntries(importStates.map((state) => [state, 0])) as Record<ImportState, number>
  for (const { state } of plans) counts[state]++
  return counts
}
