import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Start from './Start.vue'
import { startEn, startZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { start: startZh })
i18n.global.mergeLocaleMessage('en', { start: startEn })
createApp(Start).use(i18n).mount('#app')
