import type { Alarm } from '../../core/alarm.ts'
import { said } from '../web/i18n/i18n.ts'
import { deviceText } from '../web/live-key.ts'
import type { Live } from '../web/live.ts'
import { publicName } from './privacy.ts'

/** A device's name as everybody in the room may read it. */
export const publicDevice = (live: Live, id: string): string => publicName(deviceText(live, id), live.devices.value.get(id)?.kind)

/** The rule's own sentence, without what a wall does not show. */
export const publicMessage = (live: Live, { message, deviceId }: Alarm): string =>
  publicName(said(message), live.devices.value.get(deviceId)?.kind)
