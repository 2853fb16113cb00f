export { Flood, FLOOD_WINDOW_MS } from '../../core/flood.ts'
