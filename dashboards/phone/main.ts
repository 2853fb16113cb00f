import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Phone from './Phone.vue'
import { deskEn, deskZh } from '../desk/words.ts'
import { phoneEn, phoneZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { phone: phoneZh, desk: deskZh })
i18n.global.mergeLocaleMessage('en', { phone: phoneEn, desk: deskEn })
createApp(Phone).use(i18n).mount('#app')
if ('serviceWorker' in navigator) {
  // Without it the page works as long as there is a network; 我的 says so.
  navigator.serviceWorker.register('/m/sw.js', { scope: '/m' }).catch(() => undefined)
}
