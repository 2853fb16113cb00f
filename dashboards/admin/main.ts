import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Admin from './Admin.vue'

createApp(Admin).use(i18n).mount('#app')
