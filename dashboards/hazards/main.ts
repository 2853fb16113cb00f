import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/i18n/hazards.ts'
import '../web/i18n/reports.ts'
import '../web/theme.css'
import HazardsPage from './HazardsPage.vue'
import NoticeSheet from './NoticeSheet.vue'

// A notice is a page of its own: nothing live is on it.
const query = new URLSearchParams(location.search)
const [hazardId, noticeId] = [query.get('id'), query.get('notice')]
const page = hazardId && noticeId ? createApp(NoticeSheet, { hazardId, noticeId }) : createApp(HazardsPage)
page.use(i18n).mount('#app')
