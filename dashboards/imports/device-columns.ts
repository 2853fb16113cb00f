import { deviceKinds, type DeviceKind } from '../../core/device-kind.ts'
import { staticGradeNames } from '../../core/risk.ts'
import { said } from './saying.ts'
import { bare, type Column } from './sheet.ts'

const grades = Object.values(staticGradeNames)
const gradeFix = said(grades.map(({ zh }) => zh).join('、'), grades.map(({ en }) => en).join(', '))
const kinds = Object.values(deviceKinds)

/** What a county's list of devices says, in the order of the template. Places stand in the rows of what is installed there. */
export const deviceColumns = [
  {
    field: 'enterprise',
    label: said('企业名称', 'Enterprise'),
    also: ['企业', '单位名称', '单位', '企业全称', 'enterprise name'],
    fix: said('填企业全称；合并单元格请拆分并向下填充', 'the full name; split merged cells and fill them down'),
    example: said('滨江化工有限公司', 'Binjiang Chemical'),
  },
  {
    field: 'creditCode',
    label: said('统一社会信用代码', 'Credit code'),
    also: ['信用代码', '社会信用代码', 'unified social credit code'],
    takes: 'code',
    fix: said('18 位，最后一位是校验位，照营业执照填写', '18 characters as on the licence; the last one checks the others'),
    example: said('91330106MA2CEXAMP2', '91330106MA2CEXAMP2'),
  },
  {
    field: 'region',
    label: said('行政区划代码', 'Region'),
    also: ['区划代码', '行政区划', '区划', '所属区划', 'division code'],
    takes: 'code',
    fix: said(
      '6–12 位数字(GB/T 2260)，例如 330106，或已命名的区划名称；新企业必填',
      '6 to 12 digits (GB/T 2260), 330106 say, or the name of a division named here; a new enterprise needs it',
    ),
    example: said('330106', '330106'),
  },
  {
    field: 'sector',
    label: said('行业', 'Sector'),
    also: ['行业类别', '所属行业', 'industry'],
    fix: said('最多 60 个字', 'at most 60 characters'),
    example: said('化工', 'chemical'),
  },
  {
    field: 'enterpriseGrade',
    label: said('企业风险等级', 'Enterprise grade'),
    also: ['风险等级', '静态风险等级', 'risk grade'],
    fix: gradeFix,
    example: said('重大', 'Major'),
  },
  {
    field: 'site',
    label: said('场所', 'Site'),
    also: ['场所名称', '厂区', '厂区名称', 'site name'],
    fix: said('最多 120 个字', 'at most 120 characters'),
    example: said('二号厂区', 'Works 2'),
  },
  {
    field: 'zone',
    label: said('区域', 'Zone'),
    also: ['区域名称', '部位', '危险源', 'zone name'],
    fix: said('最多 120 个字；同一企业有几个同名区域时须填场所', 'at most 120 characters; say the site where zones share a name'),
    example: said('储罐区', 'Tank farm'),
  },
  {
    field: 'zoneGrade',
    label: said('区域风险等级', 'Zone grade'),
    also: ['zone risk grade'],
    fix: said(`${gradeFix.zh}；同时须填区域`, `${gradeFix.en}; goes with a zone`),
    example: said('较大', 'Larger'),
  },
  {
    field: 'name',
    label: said('设备名称', 'Device name'),
    also: ['设备', '点位名称', '名称', 'device'],
    fix: said('每台设备都要有名称，最多 120 个字', 'every device has one, at most 120 characters'),
    example: said('储罐区可燃气体 GAS-01', 'Tank farm gas GAS-01'),
  },
  {
    field: 'kind',
    label: said('设备类型', 'Device kind'),
    also: ['类型', '监测类型', 'kind', 'type'],
    fix: said(`须是下列之一：${kinds.map(({ zh }) => zh).join('、')}`, `one of: ${kinds.map(({ en }) => en).join(', ')}`),
    example: said('气体探测器', 'Gas detector'),
  },
  {
    field: 'id',
    label: said('设备编号', 'Device id'),
    also: ['设备编码', '编号', '点位编码', 'id', 'device code'],
    takes: 'code',
    fix: said(
      '字母、数字、点、下划线、连字符，最多 64 个，以字母或数字开头；不填则由平台编号',
      'letters, digits, dot, underscore, hyphen, at most 64, beginning with a letter or digit; the platform makes one if empty',
    ),
    example: said('GAS-01', 'GAS-01'),
  },
  {
    field: 'serial',
    label: said('序列号', 'Serial'),
    also: ['出厂编号', '设备序列号', 'serial number', 'sn'],
    takes: 'code',
    fix: said('最多 80 个字，照铭牌填写', 'at most 80 characters, as on the plate'),
    example: said('SN-2041-0093', 'SN-2041-0093'),
  },
  {
    field: 'longitude',
    label: said('经度', 'Longitude'),
    also: ['lon', 'lng'],
    takes: 'number',
    fix: said('−180 到 180 的小数度，WGS-84，例如 120.1502', 'decimal degrees from -180 to 180, WGS-84, 120.1502 say'),
    example: said('120.1502', '120.1502'),
  },
  {
    field: 'latitude',
    label: said('纬度', 'Latitude'),
    also: ['lat'],
    takes: 'number',
    fix: said('−90 到 90 的小数度，WGS-84，例如 30.2101', 'decimal degrees from -90 to 90, WGS-84, 30.2101 say'),
    example: said('30.2101', '30.2101'),
  },
  {
    field: 'substance',
    label: said('监测物质', 'Substance'),
    also: ['物质', '气体', '介质'],
    fix: said('例如 ch4、h2s、co、nh3', 'ch4, h2s, co, nh3 say'),
    example: said('ch4', 'ch4'),
  },
  {
    field: 'range',
    label: said('量程', 'Range'),
    also: ['量程上限', '测量范围'],
    takes: 'number',
    fix: said('上限或“0-100”', 'its top, or "0-100"'),
    example: said('0-100', '0-100'),
  },
  {
    field: 'periodS',
    label: said('上报周期(秒)', 'Period (s)'),
    also: ['周期s', '周期', '采集周期', '上报间隔'],
    takes: 'number',
    fix: said('秒数，0.1 到 86400', 'seconds, 0.1 to 86400'),
    example: said('10', '10'),
  },
  {
    field: 'terminalPhone',
    label: said('终端手机号', 'Terminal phone'),
    also: ['终端号', 'sim', 'sim卡号'],
    takes: 'code',
    fix: said('JT/T 808 终端的号码，最多 20 位', 'the number of a JT/T 808 terminal, at most 20 figures'),
    example: said('', ''),
  },
  {
    field: 'unitAddress',
    label: said('用户信息传输装置编码', 'Unit address'),
    also: ['传输装置编码', '装置编码'],
    takes: 'code',
    fix: said('GB/T 26875 装置的地址，最多 40 位', 'the address of a GB/T 26875 unit, at most 40 characters'),
    example: said('', ''),
  },
] as const satisfies Column[]

export type DeviceField = (typeof deviceColumns)[number]['field']
export const deviceColumn = (field: DeviceField): Column => deviceColumns.find((one) => one.field === field)!

/** What people call a kind besides its name here. */
const otherKinds: Record<string, DeviceKind> = {
  可燃气体探测器: 'gas-detector',
  有毒气体探测器: 'gas-detector',
  可燃气体: 'gas-detector',
  感烟探测器: 'smoke-alarm',
  烟感: 'smoke-alarm',
  感温探测器: 'heat-alarm',
  温感: 'heat-alarm',
  消防栓: 'hydrant',
  水压: 'water-pressure',
  危化品运输车: 'vehicle',
  车辆: 'vehicle',
  手报: 'call-point',
}
const kindWords = new Map<string, string>([
  ...Object.entries(otherKinds),
  ...Object.entries(deviceKinds).flatMap(([kind, { zh, en }]) =>
    [kind, zh, en].map((word): [string, string] => [bare(word), kind]),
  ),
])
const gradeWords = new Map(
  Object.entries(staticGradeNames).flatMap(([grade, { zh, en }]) =>
    [grade, zh, en, `${zh}风险`].map((word): [string, string] => [bare(word), grade]),
  ),
)
export const kindOf = (word: string): string => kindWords.get(bare(word)) ?? word
export const gradeOf = (word: string): string => gradeWords.get(bare(word)) ?? word
/** A number where it is one; else as it stands, for the check to refuse. */
export const numberOf = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text)
