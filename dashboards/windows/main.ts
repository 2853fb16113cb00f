import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/reports.ts'
import '../web/theme.css'
import WindowsPage from './WindowsPage.vue'

createApp(WindowsPage).use(i18n).mount('#app')
