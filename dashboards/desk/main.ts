import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/hazards.ts'
import '../web/theme.css'
import './print.css'
import Desk from './Desk.vue'

createApp(Desk).use(i18n).mount('#app')
