import { shallowRef } from 'vue'
import { all } from '../web/api.ts'

const names = shallowRef<ReadonlyMap<string, string>>(new Map())

/** What people call a device; its id where it is of another mode or long gone. */
export const deviceName = (id: string): string => names.value.get(id) ?? id

export async function loadDeviceNames(): Promise<void> {
  const devices = await all<{ id: string; name: string }>('/devices', 'devices', { retired: 'true' })
  names.value = new Map(devices.map(({ id, name }) => [id, name]))
}
