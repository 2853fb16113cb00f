import { createHash } from 'node:crypto'
import type { Device } from '../core/registry.ts'
import type { Directory } from '../journal/directory.ts'
import { metricOf, splitChannel } from '../core/metrics.ts'
import { Sender } from './sender.ts'

export type Login = { username: string | null; password: string | null; fromLoopback: boolean }
/** Why a login was refused, and whose credential it was meant to be, where that can be told. */
export type Refusal = { why: 'no-name' | 'unknown' | 'retired' | 'demo-from-outside'; device: Device | null }

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Names outside the catalogue and channels are a device's own invention. */
export const isMadeUp = (key: string): boolean => metricOf(key) === undefined || splitChannel(key).channel !== null

/**
 * Who may connect, and as which device. Tokens are long and random, so one SHA-256 is enough and no comparison needs
 * constant time: what is looked up is the hash.
 */
export class Identity {
  #directory: Directory
  #messagesPerSecond: number
  #senders = new Map<string, Sender>()
  /** Series made up before this start, by device. */
  #madeUp = new Map<string, number>()

  constructor(directory: Directory, messagesPerSecond: number) {
    this.#directory = directory
    this.#messagesPerSecond = messagesPerSecond
    for (const { device, metric } of directory.series.all()) {
      if (isMadeUp(metric)) this.#madeUp.set(device, (this.#madeUp.get(device) ?? 0) + 1)
    }
  }

  login({ username, password, fromLoopback }: Login): Sender | Refusal {
    if (username === null || username === '') return { why: 'no-name', device: null }
    const { registry } = this.#directory
    const named = registry.devices.get(username)
    const hash = sha256(username)
    let device = registry.deviceByTokenHash(hash)
    if (!device && named && password !== null && password !== '') {
      const owner = registry.deviceByTokenHash(sha256(password))
      if (owner === named) device = named
    }
    if (!device) return { why: named && named.retiredAt !== null ? 'retired' : 'unknown', device: named ?? null }
    if (device.demo && !fromLoopback) return { why: 'demo-from-outside', device }
    return this.sender(device)
  }

  /** The device with this token over HTTP. */
  byToken(token: string, fromLoopback: boolean): Sender | Refusal {
    return this.login({ username: token, password: null, fromLoopback })
  }

  /** A device behind a gateway, by id or name. */
  behind(gateway: Sender, idOrName: string): Sender | undefined {
    const device = this.#directory.registry.deviceOf(gateway.device.enterpriseId, idOrName)
    return device && this.sender(device)
  }

  sender(device: Device): Sender {
    let sender = this.#senders.get(device.id)
    if (!sender) {
      sender = new Sender(device, this.#messagesPerSecond, this.#madeUp.get(device.id) ?? 0)
      this.#senders.set(device.id, sender)
    } else if (sender.device !== device) {
      sender.update(device)
    }
    return sender
  }

  /** False when the credential it came with has been retired or renewed since: the connection has to go. */
  isCurrent(sender: Sender, tokenHash: string): boolean {
    const device = this.#directory.registry.devices.get(sender.device.id)
    if (device === undefined || device.retiredAt !== null || device.tokenHash !== tokenHash) return false
    if (device !== sender.device) sender.update(device)
    return true
  }

  known(): IterableIterator<Sender> {
    return this.#senders.values()
  }
}
