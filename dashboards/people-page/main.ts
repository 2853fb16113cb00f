import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import PeoplePage from './PeoplePage.vue'

createApp(PeoplePage).use(i18n).mount('#app')
