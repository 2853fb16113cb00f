import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/hazards.ts'
import '../web/theme.css'
import './print.css'
import Desk from './Desk.vue'
import EvidenceSheet from './EvidenceSheet.vue'
import { deskEn, deskZh } from './words.ts'

i18n.global.mergeLocaleMessage('zh-CN', { desk: deskZh })
i18n.global.mergeLocaleMessage('en', { desk: deskEn })
// A sheet of evidence is a page of its own: nothing live is on it.
const evidence = new URLSearchParams(location.search).get('evidence')
const page = evidence === null ? createApp(Desk) : createApp(EvidenceSheet, { alarmId: evidence })
page.use(i18n).mount('#app')
