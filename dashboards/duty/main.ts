import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Duty from './Duty.vue'
import { handoverEn, handoverZh } from './handover-words.ts'
import { ladderEn, ladderZh } from './ladder-words.ts'
import { dutyEn, dutyZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { duty: dutyZh, handover: handoverZh, ladder: ladderZh })
i18n.global.mergeLocaleMessage('en', { duty: dutyEn, handover: handoverEn, ladder: ladderEn })
createApp(Duty).use(i18n).mount('#app')
