import { BadSetting } from './core/errors.ts'

/** Channels by name as `watchfire.yaml` has them; the alerts part knows their kinds and checks them. */
export type ChannelSettings = {
  named: Record<string, unknown>
  /** secrets by variable, which win over the file */
  fromEnvironment: Record<string, string>
}

/** `WATCHFIRE_CHANNEL_DUTY_MAIL_PASSWORD` is `password` of the channel `duty-mail`. */
export const CHANNEL_SECRET = 'WATCHFIRE_CHANNEL_'

/** Takes the section `channels` out of what stands in the file: the only one that is a group of lines. */
export function takeChannels(
  { channels, ...others }: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
): Record<string, unknown> & { channels?: ChannelSettings } {
  const given = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[0].startsWith(CHANNEL_SECRET) && pair[1] !== undefined,
  )
  if ((channels === undefined || channels === null) && given.length === 0) return others
  if (typeof (channels ?? {}) !== 'object' || Array.isArray(channels)) {
    throw new BadSetting('channels is a group of named channels, each with a type and its options', {
      example: 'channels: { duty-mail: { type: mail, … } }',
    })
  }
  return {
    ...others,
    channels: { named: (channels ?? {}) as Record<string, unknown>, fromEnvironment: Object.fromEntries(given) },
  }
}
