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

/**
 * Addresses of hosts that stand in the settings. Asked once each: an answer that changes later (DNS rebinding) must not turn
 * the platform against its own network.
 */
export function pinnedResolver() {
  const pinned = new Map<string, Address[]>()
  return async (host: string, allowLoopback: boolean): Promise<Address[]> => {
    const found = pinned.get(host) ?? (await resolve(host))
    const forbidden = found.find(({ address }) => isOwnMachine(address))
    if (forbidden && !allowLoopback) {
      throw new ChannelMisconfigured("the channel's address is this machine or its link, which the settings do not allow", {
        host,
        address: forbidden.address,
      })
    }
    pinned.set(host, found)
    return found
  }
}

async function resolve(hostname: string): Promise<Address[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare)) return [{ address: bare, family: isIP(bare) }]
  try {
    return await lookup(bare, { all: true })
  } catch (error) {
    throw new DeliveryFailed('the host has no address', { host: hostname, reason: (error as NodeJS.ErrnoException).code })
  }
}
