import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import Pair from './Pair.vue'
import { pairEn, pairZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { pair: pairZh })
i18n.global.mergeLocaleMessage('en', { pair: pairEn })
createApp(Pair).use(i18n).mount('#app')
