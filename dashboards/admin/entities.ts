import { deviceKinds, deviceKindNames } from '../../core/device-kind.ts'
import { staticGradeNames, staticGrades, type StaticGrade } from '../../core/risk.ts'
import { said, t } from '../web/i18n/i18n.ts'
import { choicesOf, enterprises, nameOf, sites, zones, type Choice } from './choices.ts'

export type Row = Record<string, unknown> & { id: string }

/** One field of a form. `empty` says what an empty input means: left out, or null. */
export type Field = {
  name: string
  kind: 'text' | 'number' | 'password' | 'choice' | 'attributes'
  required?: 'always' | 'create'
  on?: 'create' | 'edit'
  hint?: string
  choices?: (form: Record<string, string>) => Choice[]
}
export type Column = { name: string; text: (row: Row) => string; numeric?: true }
/** What the administration can do with one kind of thing: its list, its form, its address. */
export type Entity = {
  name: 'devices' | 'enterprises' | 'sites' | 'zones' | 'users'
  columns: Column[]
  fields: Field[]
  label: (row: Row) => string
}

const plain = (name: string): Column => ({ name, text: (row) => String(row[name] ?? '') })
const ofEnterprise: Column = { name: 'enterpriseId', text: (row) => nameOf(enterprises.value, row['enterpriseId']) }
const enterpriseField = (required: Field['required']): Field => ({
  name: 'enterpriseId',
  kind: 'choice',
  on: 'create',
  choices: () => choicesOf(enterprises.value),
  ...(required ? { required } : {}),
})
/** Zones and sites of the enterprise chosen in the same form. */
const within = <T extends { enterpriseId: string }>(rows: readonly T[], form: Record<string, string>): T[] =>
  form['enterpriseId'] ? rows.filter(({ enterpriseId }) => enterpriseId === form['enterpriseId']) : [...rows]
const kindText = (kind: unknown): string => {
  const known = deviceKinds[kind as keyof typeof deviceKinds]
  return known ? said(known) : String(kind)
}
const named = (row: Row): string => String(row['name'] ?? row.id)
const coordinates: Field[] = [
  { name: 'latitude', kind: 'number' },
  { name: 'longitude', kind: 'number' },
]
const gradeText = (grade: unknown): string =>
  typeof grade === 'string' ? said(staticGradeNames[grade as StaticGrade] ?? { zh: grade, en: grade }) : ''
const gradeColumn: Column = { name: 'riskGrade', text: (row) => gradeText(row['riskGrade']) }
const gradeField: Field = {
  name: 'riskGrade',
  kind: 'choice',
  choices: () => staticGrades.map((grade) => ({ value: grade, label: gradeText(grade) })),
}
export const modes = ['live', 'simulated', 'test', 'drill']
export const roles = ['admin', 'supervisor', 'duty', 'viewer', 'enterprise']

export const entities: Entity[] = [
  {
    name: 'devices',
    label: named,
    columns: [
      plain('name'),
      plain('id'),
      { name: 'kind', text: (row) => kindText(row['kind']) },
      ofEnterprise,
      { name: 'zoneId', text: (row) => nameOf(zones.value, row['zoneId']) },
      { name: 'mode', text: (row) => t(`mode.${String(row['mode'])}`) },
    ],
    fields: [
      { name: 'name', kind: 'text', required: 'always' },
      {
        name: 'kind',
        kind: 'choice',
        required: 'always',
        choices: () => deviceKindNames.map((kind) => ({ value: kind, label: kindText(kind) })),
      },
      enterpriseField('create'),
      { name: 'zoneId', kind: 'choice', choices: (form) => choicesOf(within(zones.value, form), form['zoneId']) },
      {
        name: 'mode',
        kind: 'choice',
        on: 'create',
        hint: 'mode',
        choices: () => modes.map((mode) => ({ value: mode, label: t(`mode.${mode}`) })),
      },
      ...coordinates,
      { name: 'serial', kind: 'text' },
      { name: 'terminalPhone', kind: 'text' },
      { name: 'unitAddress', kind: 'text' },
      { name: 'attributes', kind: 'attributes', hint: 'attributes' },
    ],
  },
  {
    name: 'enterprises',
    label: named,
    columns: [plain('name'), plain('id'), plain('region'), plain('sector'), gradeColumn],
    fields: [
      { name: 'name', kind: 'text', required: 'always' },
      { name: 'region', kind: 'text', required: 'always', hint: 'region' },
      { name: 'sector', kind: 'text' },
      { name: 'creditCode', kind: 'text', hint: 'creditCode' },
      gradeField,
    ],
  },
  {
    name: 'sites',
    label: named,
    columns: [plain('name'), plain('id'), ofEnterprise, plain('latitude'), plain('longitude'), gradeColumn],
    fields: [{ name: 'name', kind: 'text', required: 'always' }, enterpriseField('create'), ...coordinates, gradeField],
  },
  {
    name: 'zones',
    label: named,
    columns: [
      plain('name'),
      plain('id'),
      ofEnterprise,
      { name: 'siteId', text: (row) => nameOf(sites.value, row['siteId']) },
      gradeColumn,
    ],
    fields: [
      { name: 'name', kind: 'text', required: 'always' },
      enterpriseField('create'),
      { name: 'siteId', kind: 'choice', choices: (form) => choicesOf(within(sites.value, form), form['siteId']) },
      gradeField,
    ],
  },
  {
    name: 'users',
    label: (row) => String(row['username']),
    columns: [plain('username'), { name: 'role', text: (row) => t(`admin.role.${String(row['role'])}`) }, ofEnterprise],
    fields: [
      { name: 'username', kind: 'text', required: 'create', on: 'create' },
      {
        name: 'role',
        kind: 'choice',
        required: 'always',
        choices: () => roles.map((role) => ({ value: role, label: t(`admin.role.${role}`) })),
      },
      enterpriseField(undefined),
      { name: 'password', kind: 'password', required: 'create', hint: 'password' },
    ],
  },
]
