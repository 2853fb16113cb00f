import type { DeviceModel } from './device.ts'
import { gasDetector } from './gas-detector.ts'
import { gateway } from './gateway.ts'
import { hydrant } from './hydrant.ts'
import { smokeAlarm } from './smoke-alarm.ts'
import { vehicle } from './vehicle.ts'

export const models: DeviceModel[] = [gasDetector, hydrant, smokeAlarm, vehicle, gateway]
