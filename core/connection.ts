/** A device (or one behind a gateway) came or went: entry of kind `connection` in the `readings` stream. */
export type ConnectionChange = {
  deviceId: string
  connected: boolean
  at: number
  /** transport and why it went: `mqtt`, `mqtt: keepalive expired` */
  reason: string
  /** the gateway it is behind */
  via?: string
}
