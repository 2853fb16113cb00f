import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import DeviceMap from './DeviceMap.vue'

createApp(DeviceMap).use(i18n).mount('#app')
