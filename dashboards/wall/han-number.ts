const digits = '零一二三四五六七八九'

/** A number as it is read aloud: 52.3 → 五十二点三. From a million on as digits. */
export function hanNumber(value: number): string {
  const [whole = '0', part] = Math.abs(value).toString().split('.')
  const sign = value < 0 ? '负' : ''
  const tail = part === undefined ? '' : `点${[...part].map((digit) => digits[Number(digit)]).join('')}`
  const n = Number(whole)
  if (n >= 1_000_000) return `${sign}${whole}${tail}`
  return `${sign}${n >= 10_000 ? `${below10000(Math.floor(n / 10_000))}万${n % 10_000 === 0 ? '' : (n % 10_000 < 1_000 ? '零' : '') + below10000(n % 10_000)}` : below10000(n)}${tail}`
}

function below10000(n: number): string {
  if (n === 0) return '零'
  let said = ''
  let gap = false
  for (const [size, name] of [
    [1_000, '千'],
    [100, '百'],
    [10, '十'],
    [1, ''],
  ] as const) {
    const digit = Math.floor(n / size) % 10
    if (digit === 0) gap = said !== ''
    else {
      said += `${gap ? '零' : ''}${digits[digit]}${name}`
      gap = false
    }
  }
  return said.replace(/^一十/, '十')
}
