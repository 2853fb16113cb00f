import { webhook } from './webhook.ts'

/** Every kind of channel there is. */
export const channels = { webhook }

export { DeliveryFailed, DeliveryRefused } from './channel.ts'
export type { Channel, ChannelType, Notice } from './channel.ts'
