import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/rules.ts'
import '../web/theme.css'
import Rules from './Rules.vue'

createApp(Rules).use(i18n).mount('#app')
