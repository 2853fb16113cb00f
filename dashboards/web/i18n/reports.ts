import { enReports } from './en-reports.ts'
import { i18n } from './i18n.ts'
import { zhReports } from './zh-reports.ts'

/** The words of reports: beside the reports themselves, pages that show figures or print say some of them. Whoever imports this has them, so that no other page carries them. */
i18n.global.mergeLocaleMessage('zh-CN', { reports: zhReports })
i18n.global.mergeLocaleMessage('en', { reports: enReports })
