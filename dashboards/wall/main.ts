import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Wall from './Wall.vue'

createApp(Wall).use(i18n).mount('#app')
