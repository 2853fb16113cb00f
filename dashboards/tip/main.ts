import { createApp } from 'vue'
import '../web/theme.css'
import TipPage from './TipPage.vue'

createApp(TipPage).mount('#app')
