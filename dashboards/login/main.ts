import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Login from './Login.vue'

createApp(Login).use(i18n).mount('#app')
