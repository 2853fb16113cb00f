/** A message or a part of one that could not be used: what, where, what was expected. Nothing is lost, nothing is hidden. */
export type Quarantined = {
  receivedAt: number
  deviceId: string | null
  enterpriseId: string | null
  /** the credential it came under, redacted of any token */
  source: string
  topic: string | null
  code: QuarantineCode
  /** for people: what was found and what was expected */
  message: string
  /** byte position of the fault in the payload, where one can be named */
  position: number | null
  key: string | null
  /** size of the whole payload */
  bytes: number
  /** the payload, capped, base64; null once the device's allowance of kept payloads is used up */
  payload: string | null
}

export const quarantineCodes = [
  'not-utf8',
  'not-json',
  'wrong-shape',
  'wrong-type',
  'not-finite',
  'bad-timestamp',
  'bad-key',
  'too-many-keys',
  'too-deep',
  'too-large',
  'unknown-device',
  'topic-not-allowed',
  'conflicting-resend',
  /** stored here, but the archive (InfluxDB) will never take it */
  'not-archived',
  'protocol-version',
  'bad-credential',
] as const
export type QuarantineCode = (typeof quarantineCodes)[number]
