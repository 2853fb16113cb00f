import type { Applies } from '../../core/rule.ts'
import { deviceKinds, isDeviceKind } from '../../core/device-kind.ts'
import { said, t } from '../web/i18n/i18n.ts'
import { enterprises, zones } from './rule-book.ts'

export const kindText = (kind: string): string => (isDeviceKind(kind) ? said(deviceKinds[kind]) : kind)

/** For whom a rule is, in words. */
export function appliesText(applies: unknown): string {
  const { kind, enterpriseId, zoneId, deviceId, region, sector, substance } = (applies ?? {}) as Applies
  const named = (rows: readonly { id: string; name: string }[], id: string) => rows.find((row) => row.id === id)?.name ?? id
  const parts = [
    ...(enterpriseId === undefined ? [] : [named(enterprises.value, enterpriseId)]),
    ...(zoneId === undefined ? [] : [named(zones.value, zoneId)]),
    ...(deviceId === undefined ? [] : [deviceId]),
    ...(region === undefined ? [] : [`${t('rules.applies.region')} ${region}`]),
    ...(sector === undefined ? [] : [sector]),
    ...[kind ?? []].flat().map(kindText),
    ...(substance === undefined ? [] : [substance.toUpperCase()]),
  ]
  return parts.length === 0 ? t('admin.rules.everything') : parts.join(' · ')
}
