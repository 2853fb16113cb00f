import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { ChannelMisconfigured, DeliveryFailed } from '../channels/channel.ts'

export type Address = { address: string; family: number }

const ownMachine = new BlockList()
ownMachine.addSubnet('127.0.0.0', 8, 'ipv4')
ownMachine.addSubnet('0.0.0.0', 8, 'ipv4')
ownMachine.addSubnet('169.254.0.0', 16, 'ipv4')
ownMachine.addSubnet('224.0.0.0', 3, 'ipv4')
ownMachine.addAddress('::1', 'ipv6')
ownMachine.addAddress('::', 'ipv6')
ownMachine.addSubnet('fe80::', 10, 'ipv6')
ownMachine.addSubnet('ff00::', 8, 'ipv6')
// The last 32 bits of these name an IPv4 address that a translator on the path may connect to.
ownMachine.addSubnet('64:ff9b::', 96, 'ipv6')

/** Loopback, unspecified, link-local (cloud metadata lives there), multicast and broadcast; mapped IPv4 included. */
export const isOwnMachine = (address: string): boolean => ownMachine.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** An address is asked for again after this long, or as soon as it could not be reached: providers move. */
export const PINNED_FOR_MS = 5 * 60_000
/** How long a message waits for a look-up, which nothing can call off: `again` with an older answer to use instead, `first` without. */
const PATIENCE_MS = { again: 2_000, first: 10_000 }

export type Resolver = {
  resolve(host: string, allowLoopback: boolean): Promise<Address[]>
  /** Nobody could be reached there: the next one asks anew. */
  unreachable(host: string): void
}

/**
 * Addresses of hosts that stand in the settings. Whatever the answer, and however often it is asked, it goes through the guard: one
 * that changes (DNS rebinding) must not turn the platform against its own network. What connects gets the addresses that were checked.
 */
export function pinnedResolver(now: () => number, ask: Ask = askSystem, patienceMs = PATIENCE_MS): Resolver {
  const pinned = new Map<string, { found: Address[]; until: number }>()
  const asking = new Map<string, Promise<Address[]>>()

  /** One at a time for a host. What it finds is pinned also when nobody waits for it any more. */
  const lookUp = (host: string): Promise<Address[]> => {
    const going = asking.get(host)
    if (going) return going
    const answer = addressesOf(host, ask)
      .catch((error: unknown) => {
        // Without an answer the one before stays: a name server that is down silences nobody.
        const before = pinned.get(host)?.found
        if (before) return before
        throw error
      })
      .then((found) => {
        pinned.set(host, { found, until: now() + PINNED_FOR_MS })
        return found
      })
      .finally(() => asking.delete(host))
    asking.set(host, answer)
    return answer
  }

  return {
    async resolve(host, allowLoopback) {
      const known = pinned.get(host)
      const isFresh = known !== undefined && now() < known.until
      const found = isFresh ? known.found : await inTime(lookUp(host), host, patienceMs, known?.found)
      const forbidden = found.find(({ address }) => isOwnMachine(address))
      if (forbidden && !allowLoopback) {
        pinned.delete(host)
        throw new ChannelMisconfigured("the channel's address is this machine or its link, which the settings do not allow", {
          host,
          address: forbidden.address,
        })
      }
      return found
    },
    unreachable(host) {
      const known = pinned.get(host)
      if (known) pinned.set(host, { ...known, until: 0 })
    },
  }
}

type Ask = (bare: string) => Promise<Address[]>

async function addressesOf(hostname: string, ask: Ask): Promise<Address[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare)) return [{ address: bare, family: isIP(bare) }]
  try {
    return await ask(bare)
  } catch (error) {
    throw new DeliveryFailed('the host has no address', { host: hostname, reason: (error as NodeJS.ErrnoException).code })
  }
}

/** The answer, or the one before when it is long in coming. */
function inTime(answer: Promise<Address[]>, host: string, { again, first }: typeof PATIENCE_MS, before?: Address[]) {
  let timer: NodeJS.Timeout
  const patience = new Promise<Address[]>((done, failed) => {
    const late = () => failed(new DeliveryFailed('the host has no address', { host, reason: `no answer within ${first} ms` }))
    timer = before ? setTimeout(() => done(before), again) : setTimeout(late, first)
  })
  return Promise.race([answer, patience]).finally(() => clearTimeout(timer))
}

const askSystem = (bare: string): Promise<Address[]> => lookup(bare, { all: true })
