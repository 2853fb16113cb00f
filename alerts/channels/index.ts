import type { ChannelType } from './channel.ts'
import { broadcast } from './broadcast.ts'
import { mail } from './mail.ts'
import { modem } from './modem/modem.ts'
import { sms } from './provider/sms.ts'
import { voice } from './provider/voice.ts'
import { dingtalk } from './robots/dingtalk.ts'
import { feishu } from './robots/feishu.ts'
import { wecom } from './robots/wecom.ts'
import { webhook } from './webhook.ts'

/** Every kind of channel there is. */
export const channels = { mail, webhook, wecom, dingtalk, feishu, sms, modem, voice, broadcast }

/** By the name the settings give as `type`. */
export const channelTypes = new Map<string, ChannelType>(
  Object.values(channels).map((type) => [type.name, type as unknown as ChannelType]),
)

export { CallbackRefused, ChannelMisconfigured, DeliveryFailed, DeliveryRefused, DeliveryRejected } from './channel.ts'
export type { Channel, ChannelType, Outside, Quota } from './channel.ts'
