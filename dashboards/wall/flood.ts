export { Flood } from '../../core/flood.ts'
