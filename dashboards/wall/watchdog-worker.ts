/**
 * Draws when the page no longer can: a worker has its own thread and its own canvas. As long as the page says every second that it runs,
 * nothing is drawn.
 */
type Start = { canvas: OffscreenCanvas; text: string }
type Alive = { text: string }

const HUNG_MS = 8_000
const LOOK_MS = 500
let canvas: OffscreenCanvas | null = null
let text = ''
let aliveAt = performance.now()
let drawn = false

addEventListener('message', ({ data }: MessageEvent<Start | Alive>) => {
  aliveAt = performance.now()
  text = data.text
  if (!('canvas' in data)) return
  canvas = data.canvas
  // The first frame has to be there before the page hangs: placing the canvas' surface needs the page.
  const context = canvas.getContext('2d')
  context?.fillRect(0, 0, 1, 1)
  requestAnimationFrame(() => context?.clearRect(0, 0, 1, 1))
})

setInterval(() => {
  const context = canvas?.getContext('2d')
  if (!canvas || !context) return
  const silentMs = performance.now() - aliveAt
  if (silentMs < HUNG_MS) {
    if (drawn) context.clearRect(0, 0, canvas.width, canvas.height)
    drawn = false
    return
  }
  drawn = true
  context.fillStyle = '#f2f2f2'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.fillStyle = '#1b1d20'
  context.font = `700 ${Math.round(canvas.height * 0.5)}px sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(text.replace('{s}', String(Math.floor(silentMs / 1000))), canvas.width / 2, canvas.height / 2)
}, LOOK_MS)
