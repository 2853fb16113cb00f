import { webhook } from './webhook.ts'

/** Every kind of channel there is. */
export const channels = { webhook }

export { ChannelMisconfigured, DeliveryFailed, DeliveryRefused, DeliveryRejected } from './channel.ts'
export { CallbackRefused } from './channel.ts'
export type { Channel, ChannelType, Outside, Quota } from './channel.ts'
