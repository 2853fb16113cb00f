/** Without I, O, S, V, Z, which are read as figures. */
const characters = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** The 18th character of a unified social credit code (统一社会信用代码, GB 32100-2015 §4.6: weights 3^i mod 31). */
export function creditCheck(first17: string): string {
  let sum = 0
  let weight = 1
  for (const one of first17) {
    sum += characters.indexOf(one) * weight
    weight = (weight * 3) % 31
  }
  return characters[(31 - (sum % 31)) % 31]!
}

export const isCreditCode = (code: string): boolean =>
  /^[0-9A-HJ-NPQRTUWXY]{18}$/.test(code) && creditCheck(code.slice(0, 17)) === code[17]
