import { expect, test } from 'vitest'
import { publicName } from '../../../dashboards/wall/privacy.ts'

test.each([
  ['幸福里 3 号楼 2 单元 501 室 感烟', 'smoke-alarm', '幸福里 3 号楼 感烟'],
  ['幸福里3号楼2单元501', 'smoke-alarm', '幸福里3号楼'],
  ['Lucky Court 3, flat 12B', 'smoke-alarm', 'Lucky Court 3'],
  ['二号罐区 501 室', 'gas-detector', '二号罐区 501 室'],
  ['苏A·1037危 13912345678', 'vehicle', '苏A·1037危 ···'],
  ['终端 013912345678', 'vehicle', '终端 ···'],
  ['值守 0571-8899 0011', 'hydrant', '值守 ···'],
  ['苏A·1037危 驾驶员张三', 'vehicle', '苏A·1037危 驾驶员 ···'],
  ['苏A·1037危 押运员:李四光 液氯', 'vehicle', '苏A·1037危 押运员 ··· 液氯'],
  ['Truck 7, driver Zhang San', 'vehicle', 'Truck 7, driver ···'],
  ['可燃气体探测器 2', 'gas-detector', '可燃气体探测器 2'],
  ['储罐 20250101 号', 'tank-level', '储罐 20250101 号'],
])('%s of a %s is shown as %s', (name, kind, shown) => {
  expect(publicName(name, kind)).toBe(shown)
})
