/** Alarm level 红/橙/黄/蓝. Not the static risk grade and not the live risk index: those are other scales. */
export const levels = ['red', 'orange', 'yellow', 'blue'] as const
export type Level = (typeof levels)[number]

/** Higher is worse. */
export const severity: Record<Level, number> = { red: 4, orange: 3, yellow: 2, blue: 1 }

export const worse = (a: Level, b: Level): Level => (severity[a] >= severity[b] ? a : b)
export const isLevel = (text: unknown): text is Level => levels.includes(text as Level)

export const levelNames: Record<Level, { zh: string; en: string }> = {
  red: { zh: '红色', en: 'Red' },
  orange: { zh: '橙色', en: 'Orange' },
  yellow: { zh: '黄色', en: 'Yellow' },
  blue: { zh: '蓝色', en: 'Blue' },
}
