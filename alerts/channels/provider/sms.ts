import type { ChannelType } from '../channel.ts'
import { openProvider, ProviderOptions } from './provider.ts'

/** Text messages through a provider's HTTP interface: registered template, named variables, no link. */
export const sms: ChannelType<typeof ProviderOptions> = {
  name: 'sms',
  options: ProviderOptions,
  secrets: ['secret'],
  receipts: ['accepted'],
  later: ['delivered'],
  addressOf: 'phone',
  acknowledge: null,
  quota: null,
  textLimit: 500,
  open: (options, outside) => openProvider(options, outside, 'the SMS provider', 'sms'),
}
