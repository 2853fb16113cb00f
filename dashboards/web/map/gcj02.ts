import gcoord from 'gcoord'
import type { Position } from './base-data.ts'

/** A published map's shifted position turned back; exact to centimetres, and positions outside China stay as they are. */
export const toWgs84 = ([longitude, latitude]: Position): Position =>
  gcoord.transform([longitude!, latitude!], gcoord.GCJ02, gcoord.WGS84)
