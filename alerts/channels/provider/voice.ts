import type { ChannelType } from '../channel.ts'
import { openProvider, ProviderOptions } from './provider.ts'

/** Calls through a provider's HTTP interface: it reads the template aloud, and a key pressed comes back as a callback. */
export const voice: ChannelType<typeof ProviderOptions> = {
  name: 'voice',
  options: ProviderOptions,
  secrets: ['secret'],
  receipts: ['accepted'],
  later: ['delivered', 'acknowledged'],
  addressOf: 'phone',
  acknowledge: 'keypad',
  quota: null,
  textLimit: 500,
  open: (options, outside) => openProvider(options, outside, 'the voice provider', 'voice'),
}
