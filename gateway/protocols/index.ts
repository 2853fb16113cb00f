import { mqttJson } from './mqtt-json.ts'
import type { Protocol } from './protocol.ts'

/** The protocols devices may speak over MQTT, asked in this order. */
export const mqttProtocols: Protocol[] = [mqttJson]
