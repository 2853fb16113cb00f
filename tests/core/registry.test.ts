import { expect, test } from 'vitest'
import { Registry, type Device } from '../../core/registry.ts'

const device = (id: string, name: string, more: Partial<Device> = {}): Device => ({
  id,
  enterpriseId: 'E1',
  kind: 'gas-detector',
  name,
  mode: 'live',
  zoneId: null,
  latitude: null,
  longitude: null,
  attributes: {},
  terminalPhone: null,
  unitAddress: null,
  serial: null,
  tokenHash: id.padStart(64, '0'),
  demo: false,
  createdAt: 0,
  retiredAt: null,
  ...more,
})
const put = (registry: Registry, ...rows: Device[]) => rows.forEach((row) => registry.apply({ entity: 'device', row }))

test('a gateway finds a device of its enterprise by id or name, and none of another enterprise', () => {
  const registry = new Registry()
  put(registry, device('a', 'GAS-01'), device('b', 'GAS-01', { enterpriseId: 'E2' }))
  expect(registry.deviceOf('E1', 'GAS-01')?.id).toBe('a')
  expect(registry.deviceOf('E1', 'a')?.id).toBe('a')
  expect(registry.deviceOf('E1', 'b')).toBeUndefined()
})

test("a name that two devices bear is nobody's, until one is renamed or retired", () => {
  const registry = new Registry()
  put(registry, device('a', 'GAS-01'), device('t', 'GAS-01', { mode: 'test' }))
  expect(registry.deviceOf('E1', 'GAS-01')).toBeUndefined()
  expect(registry.deviceOf('E1', 't')?.id).toBe('t')
  put(registry, device('t', 'GAS-02', { mode: 'test' }))
  expect(registry.deviceOf('E1', 'GAS-01')?.id).toBe('a')
  expect(registry.deviceOf('E1', 'GAS-02')?.id).toBe('t')
  put(registry, device('t', 'GAS-01', { mode: 'test' }))
  expect(registry.deviceOf('E1', 'GAS-01')).toBeUndefined()
  put(registry, device('t', 'GAS-01', { mode: 'test', retiredAt: 1 }))
  expect(registry.deviceOf('E1', 'GAS-01')?.id).toBe('a')
})

test('a renewed token finds the device, the old one nobody', () => {
  const registry = new Registry()
  const before = device('a', 'GAS-01')
  put(registry, before, { ...before, tokenHash: 'f'.repeat(64) })
  expect(registry.deviceByTokenHash('f'.repeat(64))?.id).toBe('a')
  expect(registry.deviceByTokenHash(before.tokenHash)).toBeUndefined()
})
