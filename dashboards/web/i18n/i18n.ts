import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import { en } from './en.ts'
import { zh } from './zh.ts'

export type Locale = 'zh-CN' | 'en'
const KEPT = 'watchfire.locale'

/** The first language of a browser that the pages speak; English for whoever reads neither. */
export function localeOf(languages: readonly string[]): Locale {
  const first = languages.find((one) => /^(zh|en)\b/i.test(one))
  if (first === undefined) return languages.length === 0 ? 'zh-CN' : 'en'
  return /^zh/i.test(first) ? 'zh-CN' : 'en'
}

function chosen(): Locale {
  try {
    const kept = localStorage.getItem(KEPT)
    if (kept === 'en' || kept === 'zh-CN') return kept
  } catch {
    // storage may be forbidden in a kiosk
  }
  return localeOf(navigator.languages)
}

export const i18n = createI18n({
  legacy: false,
  locale: chosen() as string,
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en } as Record<string, typeof zh>,
  missingWarn: false,
  fallbackWarn: false,
})

export const locale = i18n.global.locale
export const isChinese = computed(() => locale.value !== 'en')

/** The words for a key; in templates it follows the language switch. */
export function t(key: string, named?: Record<string, unknown>): string {
  if (named) return i18n.global.t(key, named)
  // Hundreds of fixed words stand in a picture that is drawn many times a second.
  const words = fixed[locale.value as Locale]
  let word = words.get(key)
  if (word === undefined) words.set(key, (word = i18n.global.t(key)))
  return word
}
const fixed: Record<Locale, Map<string, string>> = { 'zh-CN': new Map(), en: new Map() }
export const has = (key: string): boolean => i18n.global.te(key, 'zh-CN')

/** A text the record holds in both languages. */
export const said = (text: { zh: string; en: string }): string => (isChinese.value ? text.zh : text.en)

export function setLocale(next: Locale): void {
  locale.value = next
  document.documentElement.lang = next
  try {
    localStorage.setItem(KEPT, next)
  } catch {
    // only the memory of it is lost
  }
}

export const switchLocale = (): void => setLocale(isChinese.value ? 'en' : 'zh-CN')
document.documentElement.lang = locale.value
