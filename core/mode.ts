import { Type } from 'typebox'

/** Real, drill, test and simulated never mix: fixed for a device's life, carried by every reading and alarm. */
export const modes = ['live', 'drill', 'test', 'simulated'] as const
export type Mode = (typeof modes)[number]
export const ModeSchema = Type.Enum([...modes])
export const isMode = (text: unknown): text is Mode => modes.includes(text as Mode)
