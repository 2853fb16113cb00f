import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/reports.ts'
import '../web/theme.css'
import Enterprise from './Enterprise.vue'
import { enterpriseEn, enterpriseZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { enterprise: enterpriseZh })
i18n.global.mergeLocaleMessage('en', { enterprise: enterpriseEn })
createApp(Enterprise).use(i18n).mount('#app')
