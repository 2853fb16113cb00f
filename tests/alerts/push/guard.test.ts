import { expect, test } from 'vitest'
import type { HttpRequest } from '../../../alerts/channels/channel.ts'
import { PINNED_FOR_MS, pinnedResolver } from '../../../alerts/push/guard.ts'
import { guardedHttp } from '../../../alerts/push/http.ts'
import { accept, startReceiver } from '../misbehaving-receiver.ts'

const at = (address: string) => [{ address, family: 4 }]
const never = new AbortController().signal
/** A name server by hand and a clock by hand. */
const world = () => {
  const dns = { answer: at('192.0.2.1') as ReturnType<typeof at> | null, asked: 0 }
  let now = 0
  const resolver = pinnedResolver(
    () => now,
    (host) => {
      dns.asked++
      return dns.answer ? Promise.resolve(dns.answer) : Promise.reject(Object.assign(new Error(host), { code: 'EAI_AGAIN' }))
    },
  )
  return { dns, ...resolver, pass: (ms: number) => (now += ms), resolver }
}

test('an address is pinned for five minutes, then asked for again; while no name server answers the one before stays', async () => {
  const { dns, resolve, pass } = world()
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.1'))
  dns.answer = at('192.0.2.2')
  pass(PINNED_FOR_MS - 1)
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.1'))
  pass(1)
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.2'))
  expect(dns.asked).toBe(2)
  dns.answer = null
  pass(PINNED_FOR_MS)
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.2'))
  await expect(resolve('mail.example.org', false)).rejects.toMatchObject({ code: 'delivery-failed' })
})

test('an answer that turns to this machine or the cloud beside it is refused whenever it comes, and nothing of it is kept', async () => {
  const { dns, resolve, pass, unreachable } = world()
  await resolve('hook.example.org', false)
  for (const forbidden of ['127.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '::1']) {
    dns.answer = [...at('192.0.2.9'), { address: forbidden, family: forbidden.includes(':') ? 6 : 4 }]
    pass(PINNED_FOR_MS)
    await expect(resolve('hook.example.org', false)).rejects.toMatchObject({ code: 'channel-misconfigured' })
    unreachable('hook.example.org')
    await expect(resolve('hook.example.org', false)).rejects.toMatchObject({ code: 'channel-misconfigured' })
  }
  dns.answer = at('192.0.2.3')
  expect(await resolve('hook.example.org', false)).toEqual(at('192.0.2.3'))
})

test('a receiver that moved is found by the next try after one that reached nobody', async () => {
  const receiver = await startReceiver(accept)
  const { dns, resolver } = world()
  const url = new URL(receiver.url)
  url.hostname = 'hook.example.org'
  const body = new TextEncoder().encode('{}')
  const asked: HttpRequest = { method: 'POST', url, headers: {}, body, allowLoopback: true, timeoutMs: 2_000, maxBytes: 0 }
  try {
    // Nobody listens on another address of this machine.
    dns.answer = at('127.0.0.77')
    const http = guardedHttp(resolver)
    await expect(http(asked, never)).rejects.toMatchObject({ code: 'delivery-failed' })
    dns.answer = at('127.0.0.1')
    expect(await http(asked, never)).toMatchObject({ status: 204 })
    expect(dns.asked).toBe(2)
  } finally {
    await receiver.stop()
  }
})

/** A name server that swallows every question after the first until it is let go. */
const hangingWorld = (first: string) => {
  const dns = { asked: 0, come: (_: ReturnType<typeof at>) => {}, fail: (_: Error) => {} }
  let now = 0
  const ask = () => {
    if (++dns.asked === 1) return Promise.resolve(at(first))
    return new Promise<ReturnType<typeof at>>((done, failed) => Object.assign(dns, { come: done, fail: failed }))
  }
  const resolver = pinnedResolver(() => now, ask, { again: 200, first: 300 })
  return { dns, resolver, ...resolver, pass: (ms: number) => (now += ms) }
}

test('while a look-up hangs the address before it is used; one look-up goes on, and what it finds is pinned when it comes', async () => {
  const { dns, resolve, pass } = hangingWorld('192.0.2.1')
  await resolve('sms.example.org', false)
  pass(PINNED_FOR_MS)
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.1'))
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.1'))
  expect(dns.asked).toBe(2)
  dns.come(at('192.0.2.2'))
  await new Promise(setImmediate)
  expect(await resolve('sms.example.org', false)).toEqual(at('192.0.2.2'))
  expect(dns.asked).toBe(2)
})

test('an answer that comes when nobody waits is guarded like any other', async () => {
  const { dns, resolve, pass } = hangingWorld('192.0.2.1')
  await resolve('hook.example.org', false)
  pass(PINNED_FOR_MS)
  await resolve('hook.example.org', false)
  dns.come(at('169.254.169.254'))
  await new Promise(setImmediate)
  await expect(resolve('hook.example.org', false)).rejects.toMatchObject({ code: 'channel-misconfigured' })
})

test('a first look-up that hangs is a failure to be tried again; that it fails in the end disturbs nobody', async () => {
  const { dns, resolve } = hangingWorld('192.0.2.1')
  await resolve('sms.example.org', false)
  await expect(resolve('mail.example.org', false)).rejects.toMatchObject({ code: 'delivery-failed' })
  dns.fail(Object.assign(new Error('late'), { code: 'EAI_AGAIN' }))
  await new Promise(setImmediate)
})

test('the time of a request begins with the request: a look-up that hangs takes none of it, and forgets no address', async () => {
  const receiver = await startReceiver(accept)
  const { dns, resolver, pass } = hangingWorld('127.0.0.1')
  const url = new URL(receiver.url)
  url.hostname = 'hook.example.org'
  const body = new TextEncoder().encode('{}')
  const asked: HttpRequest = { method: 'POST', url, headers: {}, body, allowLoopback: true, timeoutMs: 150, maxBytes: 0 }
  try {
    const http = guardedHttp(resolver)
    expect(await http(asked, never)).toMatchObject({ status: 204 })
    pass(PINNED_FOR_MS)
    for (const _ of [1, 2]) expect(await http(asked, never)).toMatchObject({ status: 204 })
    // Called off while it waited: nobody has tried to connect.
    const off = new AbortController()
    const sending = http(asked, off.signal)
    off.abort()
    await expect(sending).rejects.toMatchObject({ code: 'delivery-failed' })
    expect(dns.asked).toBe(2)
  } finally {
    await receiver.stop()
  }
})
