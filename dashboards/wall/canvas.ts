/** Where the zones of the wall stand (ux A1), in pixels of the screen. Pure. */
export type Rect = { x: number; y: number; w: number; h: number }
export const zoneNames = ['devices', 'trend', 'risk', 'rates'] as const
/** Zones that can give way when the letters have to be larger; status, counters, card and rows never do. */
export type Droppable = 'rates' | 'risk' | 'trend'
export type ZoneName = 'counters' | 'newest' | 'alarms' | (typeof zoneNames)[number]
export type CanvasKind = 'W1' | 'W2' | 'W4'
export type Canvas = { kind: CanvasKind; width: number; height: number; seamX: number | null; seamY: number | null }
export type Layout = {
  canvas: Canvas
  /** type unit: font size in px that everything else is a multiple of */
  u: number
  status: Rect
  banner: Rect
  zones: Partial<Record<ZoneName, Rect>>
  dropped: Droppable[]
  /** the card and two rows have their height also beside a banner */
  fits: boolean
}

/** Nothing that is read stands closer to a seam than this. */
export const SEAM_CLEAR = 24
/** Letters stand this much higher than their zone's edge when a row is full. */
const LETTERS_CLEAR = 6
const WIDE = 2.6
const TALL_TILE = 1900

/** Which canvas a screen is. `seams` are the x of vertical seams between panels; a seamless screen of any size is W1, scaled. */
export function canvasOf(width: number, height: number, seams: readonly number[] = []): Canvas {
  const seamX = seams.find((x) => x > 0 && x < width) ?? null
  if (width / height > WIDE) return { kind: 'W2', width, height, seamX: seamX ?? width / 2, seamY: null }
  if (seamX !== null && height >= TALL_TILE) return { kind: 'W4', width, height, seamX, seamY: height / 2 }
  return { kind: 'W1', width, height, seamX: null, seamY: null }
}

/** Sizes at which all zones have their place, and beyond which nothing has (ux A2). */
export const unitRange: Record<CanvasKind | 'seamless4k', { nominal: number; all: number; ceiling: number }> = {
  W1: { nominal: 28, all: 38, ceiling: 52 },
  W2: { nominal: 28, all: 40, ceiling: 72 },
  W4: { nominal: 40, all: 52, ceiling: 70 },
  seamless4k: { nominal: 56, all: 76, ceiling: 104 },
}

/** The range for a canvas; W1 of another size than 1920×1080 is scaled. */
export function unitRangeOf({ kind, width, height }: Canvas): { nominal: number; all: number; ceiling: number } {
  const design = { W1: [1920, 1080], W2: [3840, 1080], W4: [3840, 2160] }[kind] as [number, number]
  const scale = Math.min(width / design[0], height / design[1])
  const { nominal, all, ceiling } = unitRange[kind]
  return { nominal: nominal * scale, all: all * scale, ceiling: ceiling * scale }
}

const STATUS = 64 / 28
const CARD = 248 / 28
const ROWS_LEAST = 5
const CARD_LEAST = 8.85
const COUNTERS = 116 / 28
const COUNTERS_LEAST = 3
const BAND_LEAST = 4.4
const DROP_ORDER: Droppable[][] = [[], ['rates'], ['rates', 'risk'], ['rates', 'risk', 'trend']]

export function layoutOf(canvas: Canvas, u: number, bannerOpen: boolean): Layout {
  const nominal = unitRangeOf(canvas).nominal
  const candidates = DROP_ORDER.map((dropped) => {
    // What is dropped does not depend on a banner: zones that come and go would be worse than zones that are not there.
    const fits = ![false, true].some((open) => !draw(canvas, u, nominal, open, dropped).fits)
    return { ...draw(canvas, u, nominal, bannerOpen, dropped), fits }
  })
  return candidates.find(({ fits }) => fits) ?? candidates.at(-1)!
}

function draw(canvas: Canvas, u: number, nominal: number, bannerOpen: boolean, dropped: Droppable[]): Layout {
  const status = { x: 0, y: 0, w: canvas.width, h: Math.round(STATUS * u * (canvas.kind === 'W4' ? 1.225 : 1)) }
  const bannerHeight = Math.round(Math.max((canvas.kind === 'W4' ? 3.6 : 80 / 28) * nominal, 1.6 * u))
  const banner = { x: 0, y: status.h, w: canvas.width, h: bannerOpen ? bannerHeight : 0 }
  const top = status.h + banner.h
  const arranged =
    canvas.kind === 'W1' ? one(canvas, u, nominal, top, dropped) : tiles(canvas, u, nominal, top, dropped, bannerOpen)
  return { canvas, u, status, banner, dropped, ...arranged }
}

type Arranged = Pick<Layout, 'zones' | 'fits'>

/** Seamless: counters above, table and trend left, card and rows right, risk and rates below them. */
function one({ width, height }: Canvas, u: number, nominal: number, top: number, dropped: Droppable[]): Arranged {
  const gap = (Math.min(u, nominal) * 12) / 28
  const tight = u > nominal * 1.3 ? gap * 0.6 : gap
  const pad = (nominal * 16) / 28
  const right = Math.round((728 / 1920) * width)
  const rightX = width - pad - right
  const leftW = rightX - tight - pad
  const bottom = height - (u > nominal * 1.3 ? pad * 0.5 : pad)
  const card = CARD * u
  const band = !(dropped.includes('rates') && dropped.includes('risk'))
  const room = bottom - top - card - tight * 3
  const bandLeast = band ? BAND_LEAST * u + tight : 0
  const counters = Math.max(COUNTERS_LEAST * u, Math.min(COUNTERS * u, room - ROWS_LEAST * u - bandLeast))
  const below = top + tight + counters + tight
  const rowsAndBand = bottom - below - card - tight
  const rowsWanted = Math.min(11 * u, rowsAndBand - bandLeast)
  const rows = band ? Math.max(ROWS_LEAST * u, rowsWanted) : rowsAndBand
  const bandY = below + card + tight + rows + tight
  const bandH = bottom - bandY
  const leftRoom = bottom - below - tight
  const trend = dropped.includes('trend') ? 0 : Math.max(5 * u, Math.min(10 * u, leftRoom * 0.33))
  const zones: Layout['zones'] = {
    counters: { x: pad, y: top + tight, w: width - 2 * pad, h: counters },
    newest: { x: rightX, y: below, w: right, h: card },
    alarms: { x: rightX, y: below + card + tight, w: right, h: rows },
    devices: { x: pad, y: below, w: leftW, h: trend === 0 ? leftRoom + tight : leftRoom - trend },
  }
  if (trend > 0) zones.trend = { x: pad, y: below + leftRoom - trend + tight, w: leftW, h: trend }
  if (band) pair(zones, { x: rightX, y: bandY, w: right, h: bandH }, tight, dropped)
  return { zones: whole(zones), fits: rowsAndBand - (band ? bandLeast : 0) >= ROWS_LEAST * u - 1 && leftRoom >= trend + 6 * u }
}

/** Two or four panels: nothing stands on a seam; people look at the left for place, at the right for alarms. */
function tiles(canvas: Canvas, u: number, nominal: number, top: number, dropped: Droppable[], bannerOpen: boolean): Arranged {
  const { width, height, seamY } = canvas
  const seamX = canvas.seamX!
  const scale = nominal / (canvas.kind === 'W4' ? 40 : 28)
  const pad = 16 * scale
  const gap = (canvas.kind === 'W4' ? 24 : 12) * scale
  const clear = SEAM_CLEAR
  const left = { x: pad, w: seamX - clear - pad }
  const right = { x: seamX + clear, w: width - pad - seamX - clear }
  const counters = Math.max(COUNTERS_LEAST * u, canvas.kind === 'W4' ? 208 * scale : COUNTERS * u)
  const zones: Layout['zones'] = { counters: { ...right, y: top + gap, h: counters } }
  const below = top + gap + counters + gap
  const bottom = height - pad
  const risksShown = !(dropped.includes('risk') && dropped.includes('rates'))
  let fits: boolean
  if (canvas.kind === 'W2') {
    const trend = dropped.includes('trend') ? 0 : Math.max(5 * u, Math.min(268 * scale, (bottom - top) * 0.3))
    const leftTop = top + gap
    zones.devices = { ...left, y: leftTop, h: bottom - leftTop - (trend > 0 ? trend + gap : 0) }
    if (trend > 0) zones.trend = { ...left, y: bottom - trend, h: trend }
    const bandWanted = risksShown ? 268 * scale - (bannerOpen ? top * 0.55 : 0) : 0
    const least = CARD_LEAST * u
    const band = risksShown ? Math.max(BAND_LEAST * u, Math.min(bandWanted, bottom - below - least - gap)) : 0
    const cardH = bottom - below - (risksShown ? band + gap : 0)
    const half = (right.w - gap) / 2
    zones.newest = { x: right.x, y: below, w: half, h: cardH }
    zones.alarms = { x: right.x + half + gap, y: below, w: half, h: cardH }
    if (risksShown) pair(zones, { ...right, y: bottom - band, h: band }, gap, dropped)
    fits = cardH >= least - 1 && cardH >= ROWS_LEAST * u
  } else {
    const above = seamY! - clear
    const under = seamY! + clear + LETTERS_CLEAR * scale
    zones.devices = { ...left, y: top + gap, h: above - top - gap }
    zones.newest = { ...right, y: below, h: above - below }
    zones.alarms = { ...right, y: under, h: bottom - under }
    const band = risksShown ? Math.max(6 * u, 456 * scale) : 0
    const trendH = bottom - under - (risksShown ? band + gap : 0)
    if (!dropped.includes('trend')) zones.trend = { ...left, y: under, h: trendH }
    if (risksShown)
      pair(
        zones,
        { ...left, y: dropped.includes('trend') ? under : bottom - band, h: dropped.includes('trend') ? bottom - under : band },
        gap,
        dropped,
      )
    fits = above - below >= CARD_LEAST * u && bottom - under >= ROWS_LEAST * u
  }
  return { zones: whole(zones), fits }
}

/** Risk and rates side by side; one that stands alone takes the room of both. */
function pair(zones: Layout['zones'], at: Rect, gap: number, dropped: Droppable[]): void {
  if (dropped.includes('rates')) zones.risk = at
  else {
    const half = (at.w - gap) / 2
    zones.risk = { ...at, w: half }
    zones.rates = { ...at, x: at.x + half + gap, w: half }
  }
}

function whole(zones: Layout['zones']): Layout['zones'] {
  return Object.fromEntries(
    Object.entries(zones).map(([name, { x, y, w, h }]) => {
      const [left, above] = [Math.round(x), Math.round(y)]
      return [name, { x: left, y: above, w: Math.round(x + w) - left, h: Math.max(0, Math.round(y + h) - above) }]
    }),
  )
}
