import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Admin from './Admin.vue'
import { importEn, importZh } from './import-words.ts'
import { quarantineEn, quarantineZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { admin: { quarantine: quarantineZh, import: importZh } })
i18n.global.mergeLocaleMessage('en', { admin: { quarantine: quarantineEn, import: importEn } })

createApp(Admin).use(i18n).mount('#app')
