import type { HolidayCalendar } from './calendar.ts'

const names = {
  newYear: { zh: '元旦', en: "New Year's Day" },
  spring: { zh: '春节', en: 'Spring Festival' },
  qingming: { zh: '清明节', en: 'Qingming' },
  labour: { zh: '劳动节', en: 'Labour Day' },
  dragonBoat: { zh: '端午节', en: 'Dragon Boat Festival' },
  midAutumn: { zh: '中秋节', en: 'Mid-Autumn Festival' },
  national: { zh: '国庆节', en: 'National Day' },
}

/** Days off on the Chinese mainland with the weekend days worked in exchange. The notice for a year comes in November before it. */
export const chinaHolidays: HolidayCalendar = {
  2025: {
    off: [
      { name: names.newYear, from: '2025-01-01', to: '2025-01-01' },
      { name: names.spring, from: '2025-01-28', to: '2025-02-04' },
      { name: names.qingming, from: '2025-04-04', to: '2025-04-06' },
      { name: names.labour, from: '2025-05-01', to: '2025-05-05' },
      { name: names.dragonBoat, from: '2025-05-31', to: '2025-06-02' },
      { name: names.national, from: '2025-10-01', to: '2025-10-08' },
    ],
    worked: ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11'],
    source: '国务院办公厅关于2025年部分节假日安排的通知',
  },
  2026: {
    off: [
      { name: names.newYear, from: '2026-01-01', to: '2026-01-03' },
      { name: names.spring, from: '2026-02-15', to: '2026-02-23' },
      { name: names.qingming, from: '2026-04-04', to: '2026-04-06' },
      { name: names.labour, from: '2026-05-01', to: '2026-05-05' },
      { name: names.dragonBoat, from: '2026-06-19', to: '2026-06-21' },
      { name: names.midAutumn, from: '2026-09-25', to: '2026-09-27' },
      { name: names.national, from: '2026-10-01', to: '2026-10-07' },
    ],
    worked: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
    source: '国务院办公厅关于2026年部分节假日安排的通知(2025-11-04)',
  },
}
