import { execFile } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { ChannelMisconfigured, DeliveryFailed, type SerialLine } from '../channels/channel.ts'
import type { Outside } from '../channels/index.ts'
import type { Resolver } from './guard.ts'

/** A tty (`/dev/ttyUSB0`), or a serial server (`tcp://10.0.0.5:4001`), which is in the same network by its nature. */
export const openLine =
  (resolver: Resolver): Outside['openLine'] =>
  (path, baud, signal) =>
    path.startsWith('tcp://') ? openTcp(new URL(path), resolver, signal) : openTty(path, baud)

async function openTcp(url: URL, { resolve, unreachable }: Resolver, signal: AbortSignal): Promise<SerialLine> {
  const [first] = await resolve(url.hostname, true)
  const socket = connect({ host: first!.address, port: Number(url.port) })
  await new Promise<void>((done, failed) => {
    const fail = (reason: string | undefined) => {
      signal.removeEventListener('abort', off)
      socket.destroy()
      if (!signal.aborted) unreachable(url.hostname)
      failed(new DeliveryFailed('the serial server could not be reached', { host: url.host, reason }))
    }
    const off = () => fail('timeout')
    signal.addEventListener('abort', off)
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code))
    socket.once('connect', () => {
      signal.removeEventListener('abort', off)
      done()
    })
  })
  return lineOf(socket, () => socket.destroy())
}

async function openTty(path: string, baud: number): Promise<SerialLine> {
  try {
    // Node has no call for the speed of a line.
    await promisify(execFile)('stty', ['-F', path, String(baud), 'raw', '-echo', 'clocal'], { timeout: 5_000 })
    const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    const stream = new ReadStream(fd)
    stream.setRawMode(true)
    return lineOf(stream, () => stream.destroy())
  } catch (error) {
    throw new ChannelMisconfigured('the serial line cannot be opened', { path, reason: (error as NodeJS.ErrnoException).code })
  }
}

function lineOf(stream: Socket, close: () => void): SerialLine {
  // Whoever waits learns of it by the close that follows.
  stream.on('error', () => undefined)
  return {
    write: (bytes) =>
      new Promise((done, failed) =>
        stream.write(bytes, (error) => (error ? failed(new DeliveryFailed('the serial line is gone')) : done())),
      ),
    onData: (take) => void stream.on('data', take),
    onClose: (gone) => void stream.on('close', gone),
    close,
  }
}
