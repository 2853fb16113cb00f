/** How to reach an InfluxDB, or what speaks its language. */
export type InfluxOptions = {
  url: string
  /** `v2` writes to `/api/v2/write` (2.x, 3.x, VictoriaMetrics), `v1` to `/write?db=`; both are read by InfluxQL. */
  dialect: 'v1' | 'v2'
  /** 2.x: the bucket, which InfluxQL knows as a database; 1.x: the database */
  bucket: string
  org?: string
  token?: string
  user?: string
  password?: string
  /** how long an answer may take */
  timeoutMs?: number
}

export const TIMEOUT_MS = 30_000

/** Who asks, as InfluxDB wants it: the token where there is one, else user and password. */
export function credentials({ token, user, password }: InfluxOptions): Record<string, string> {
  if (token !== undefined) return { authorization: `Token ${token}` }
  if (user === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }
}
