import { Type } from 'typebox'

/** Real, drill, test and simulated never mix: fixed for a device's life, carried by every reading and alarm. */
export const modes = ['live', 'drill', 'test', 'simulated'] as const
export type Mode = (typeof modes)[number]
export const ModeSchema = Type.Enum([...modes])
export const isMode = (text: unknown): text is Mode => modes.includes(text as Mode)

/** Nobody may take a drill or a simulation for the real thing, so these stand first in every text. */
export const modeMarks: Record<Mode, { zh: string; en: string }> = {
  live: { zh: '', en: '' },
  drill: { zh: '【演练】', en: '[DRILL] ' },
  test: { zh: '【测试】', en: '[TEST] ' },
  simulated: { zh: '【模拟】', en: '[SIMULATED] ' },
}
