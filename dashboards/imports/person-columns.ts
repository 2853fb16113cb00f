import { positions, type Position } from '../../core/contact.ts'
import { roles, type Role } from '../rights.ts'
import { said } from './saying.ts'
import { bare, type Column } from './sheet.ts'

const roleNames: Record<Role, string> = { admin: '管理员', supervisor: '主管', duty: '值班', viewer: '只读', enterprise: '企业' }
const positionNames: Record<Position, string> = {
  head: '主要负责人',
  technical: '技术负责人',
  operation: '操作负责人',
  'duty-room': '值班电话',
}
const givenRoles = roles.filter((role) => role !== 'admin')

/** What a list of people says: those on duty, and whom to call at enterprises. */
export const personColumns = [
  {
    field: 'name',
    label: said('姓名', 'Name'),
    also: ['名字', '联系人', '人员姓名'],
    fix: said('最多 60 个字', 'at most 60 characters'),
    example: said('王伟', 'Wang Wei'),
  },
  {
    field: 'unit',
    label: said('单位', 'Unit'),
    also: ['部门', '企业', '企业名称', '单位名称', '所属单位', 'department', 'enterprise'],
    fix: said(
      '企业联系人填台账中的企业名称或信用代码；其他人填已设立的部门名称，或留空',
      'for a contact the name or credit code of an enterprise in the registry; for others a department that is set up, or nothing',
    ),
    example: said('滨江化工有限公司', 'Binjiang Chemical'),
  },
  {
    field: 'role',
    label: said('角色', 'Role'),
    also: ['权限', '用户角色'],
    fix: said(
      `须是下列之一：${givenRoles.map((role) => roleNames[role]).join('、')}；单位是企业时可留空`,
      `one of: ${givenRoles.join(', ')}; may be empty for people of an enterprise`,
    ),
    example: said('企业', 'enterprise'),
  },
  {
    field: 'position',
    label: said('职务', 'Position'),
    also: ['岗位', '职责'],
    fix: said(
      `企业联系人须是下列之一：${Object.values(positionNames).join('、')}`,
      `one of: ${positions.join(', ')}, for people of an enterprise`,
    ),
    example: said('主要负责人', 'head'),
  },
  {
    field: 'phone',
    label: said('手机', 'Phone'),
    also: ['电话', '手机号', '手机号码', '联系电话', 'telephone', 'mobile'],
    takes: 'code',
    fix: said('5–20 位数字，可带 +、空格和连字符', '5 to 20 figures; +, spaces and hyphens may be in it'),
    example: said('13800000000', '13800000000'),
  },
  {
    field: 'mail',
    label: said('邮箱', 'Mail'),
    also: ['电子邮箱', '邮件', 'email', 'e-mail'],
    takes: 'code',
    fix: said('例如 wang@example.org', 'wang@example.org say'),
    example: said('wang@example.org', 'wang@example.org'),
  },
  {
    field: 'username',
    label: said('用户名', 'User name'),
    also: ['账号', '登录名', 'login', 'username'],
    takes: 'code',
    fix: said('最多 64 个字；不填则由平台起一个', 'at most 64 characters; the platform makes one if empty'),
    example: said('', ''),
  },
  {
    field: 'regions',
    label: said('负责区划', 'Regions'),
    also: ['负责区域', '辖区'],
    takes: 'code',
    fix: said(
      '6–12 位数字的区划代码，几个之间用顿号隔开；企业用户不填',
      'division codes of 6 to 12 digits, separated by spaces; not for people of an enterprise',
    ),
    example: said('', ''),
  },
  {
    field: 'sectors',
    label: said('负责行业', 'Sectors'),
    also: ['主管行业'],
    fix: said('几个之间用顿号隔开；企业用户不填', 'separated by semicolons; not for people of an enterprise'),
    example: said('', ''),
  },
] as const satisfies Column[]

export type PersonField = (typeof personColumns)[number]['field']
export const personColumn = (field: PersonField): Column => personColumns.find((one) => one.field === field)!

const otherRoles: Record<string, Role> = { 值班员: 'duty', 值班人员: 'duty', 企业用户: 'enterprise', 企业联系人: 'enterprise' }
const roleWords = new Map<string, string>([
  ...Object.entries(otherRoles),
  ...Object.entries(roleNames).flatMap(([role, zh]) => [role, zh].map((word): [string, string] => [bare(word), role])),
])
const positionWords = new Map<string, string>([
  ['值班室', 'duty-room'],
  ['24小时值班电话', 'duty-room'],
  ...Object.entries(positionNames).flatMap(([position, zh]) =>
    [position, zh].map((word): [string, string] => [bare(word), position]),
  ),
])
export const roleOf = (word: string): string => roleWords.get(bare(word)) ?? word
export const positionOf = (word: string): string => positionWords.get(bare(word)) ?? word
/** Several in a cell: regions also by spaces, for no code has one. */
export const partsOf = (text: string, signs: RegExp): string[] =>
  text
    .split(signs)
    .map((part) => part.trim())
    .filter(Boolean)
