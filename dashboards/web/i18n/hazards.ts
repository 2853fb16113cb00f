import { enHazards } from './en-hazards.ts'
import { i18n } from './i18n.ts'
import { zhHazards } from './zh-hazards.ts'

/** The words of the ledger of hazards; the desk makes hazards of alarms. Whoever imports this has them, so that no other page carries them. */
i18n.global.mergeLocaleMessage('zh-CN', { hazards: zhHazards })
i18n.global.mergeLocaleMessage('en', { hazards: enHazards })
