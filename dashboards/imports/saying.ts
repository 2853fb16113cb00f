import { PlatformError } from '../../core/errors.ts'
import type { ImportFault, Said } from '../../core/imports.ts'
import type { Column } from './sheet.ts'

export const said = (zh: string, en: string): Said => ({ zh, en })

/** A cell that does not fit what its column takes. */
export const unfit = ({ label, fix }: Column, value: string | undefined): ImportFault => ({
  column: label,
  says:
    value === undefined
      ? said(`缺少“${label.zh}”`, `${label.en} is missing`)
      : said(`“${label.zh}”不能是“${value}”`, `${label.en} cannot be "${value}"`),
  fix,
})

/** The same check as the API's own has refused it, after everything that is checked here. */
export function refused(error: unknown, columnOf: (field: unknown) => Column | undefined): ImportFault {
  if (!(error instanceof PlatformError)) throw error
  const column = columnOf(error.details['field'])
  return {
    column: column?.label ?? null,
    says: said(`未写入(${error.code})：${error.message}`, `not written (${error.code}): ${error.message}`),
    fix: column?.fix ?? said('过一会儿重新导入这一行', 'send this row again in a while'),
  }
}
