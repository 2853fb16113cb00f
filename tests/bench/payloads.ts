/** Four quantities in turn, none of them near a limit, all changing: what a detector sends all day. */
const quantities: [key: string, base: number, swing: number, digits: number][] = [
  ['combustibleLel', 3, 4, 2],
  ['temperatureC', 21, 6, 2],
  ['humidityRh', 45, 9, 2],
  ['oxygenVol', 20.8, 0.1, 2],
]
const valueOf = (quantity: number, step: number) => {
  const [, base, swing, digits] = quantities[quantity]!
  return (base + swing * Math.abs(Math.sin(step * 0.37))).toFixed(digits)
}

/** Single-value messages, about 25 bytes each; `bytes` pads with blanks, which every JSON reader must skip. */
export const singleValues = (count: number, bytes = 0): string[] =>
  Array.from({ length: count }, (_, i) => `{"${quantities[i % 4]![0]}":${valueOf(i % 4, i)}}`.padEnd(bytes))

/** Messages of one gateway with 50 readings each: ten devices behind it, five quantities a device, stamped on receipt. */
export function gatewayBatches(count: number, names: string[]): string[] {
  return Array.from({ length: count }, (_, i) => {
    const devices = names.map((name, k) => {
      const values = quantities.map(([key], q) => `"${key}":${valueOf(q, i + k)}`).join(',')
      return `"${name}":[{"values":{${values},"batteryPct":${90 + ((i + k) % 9)}}}]`
    })
    return `{${devices.join(',')}}`
  })
}
