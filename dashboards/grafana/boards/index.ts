import type { Board } from '../schema.ts'
import { devices } from './devices.ts'
import { fire } from './fire.ts'
import { fireWater } from './fire-water.ts'
import { gas } from './gas.ts'
import { overview } from './overview.ts'
import { platform } from './platform.ts'
import { vehicles } from './vehicles.ts'

export const boards: readonly Board[] = [overview, gas, fire, fireWater, vehicles, devices, platform]
