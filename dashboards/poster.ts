import { qr } from '../core/qr.ts'

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const WIDTH_MM = 148
const HEIGHT_MM = 210
const CODE_MM = 96

/** An A5 sheet to hang up: what the code is for, the code, and where. Null when the address is too long for a code. */
export function tipPoster(address: string, enterprise: string, place: string | null): string | null {
  const rows = qr(address)
  if (!rows) return null
  const module = CODE_MM / rows.length
  const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  const line = (y: number, size: number, text: string, weight = 400) =>
    `<text x="${WIDTH_MM / 2}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="middle">${escaped(text)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_MM}mm" height="${HEIGHT_MM}mm" viewBox="0 0 ${WIDTH_MM} ${HEIGHT_MM}" font-family="'Noto Sans CJK SC','Microsoft YaHei',sans-serif">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    line(24, 11, '发现安全隐患,扫码举报', 700),
    line(33, 5.5, 'Scan to report a hazard'),
    `<path transform="translate(${(WIDTH_MM - CODE_MM) / 2} 44) scale(${module})" d="${dark}" fill="#000" shape-rendering="crispEdges"/>`,
    line(154, 6.5, '匿名,不记录网络地址和设备信息', 700),
    line(162, 5, 'Anonymous: neither address nor device is kept'),
    line(178, 6, enterprise),
    ...(place === null ? [] : [line(187, 6, place)]),
    line(202, 3.2, address),
    '</svg>',
  ].join('')
}
