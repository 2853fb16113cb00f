import { enRules } from './en-rules.ts'
import { i18n } from './i18n.ts'
import { zhRules } from './zh-rules.ts'

/** The words of the page of rules. Whoever imports this has them, so that no other page carries them. */
i18n.global.mergeLocaleMessage('zh-CN', { rules: zhRules })
i18n.global.mergeLocaleMessage('en', { rules: enRules })
