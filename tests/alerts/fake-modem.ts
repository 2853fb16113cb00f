import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** What a modem does when a message is handed to it. */
export type ModemManner = 'accepting' | 'hanging' | 'refusing' | 'failing' | 'slow' | 'cut' | 'no-sim'
export type SentText = { phone: string; text: string; part: { reference: number; of: number; at: number } | null }

/** A GSM modem behind a TCP serial server: echoes, talks unasked, and takes messages in PDU mode as TS 27.005 has it. */
export async function startModem() {
  const fake = {
    manner: 'accepting' as ModemManner,
    line: '',
    texts: [] as SentText[],
    commands: [] as string[],
    stop: () => Promise.resolve(),
  }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    talk(socket, fake)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  fake.line = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  fake.stop = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return fake
}

function talk(socket: Socket, fake: Awaited<ReturnType<typeof startModem>>): void {
  let input = ''
  let echo = true
  let expects: number | null = null
  // In small pieces, as a line of 9600 baud has them.
  const say = (text: string) => {
    for (const piece of text.match(/[^]{1,3}/g) ?? []) socket.write(piece)
  }
  socket.on('data', (bytes) => {
    input += bytes.toString('latin1').replaceAll('\x1b', () => ((expects = null), ''))
    for (;;) {
      const end = input.search(expects === null ? /\r/ : /\x1a/)
      if (end < 0) return
      const command = input.slice(0, end)
      input = input.slice(end + 1)
      if (expects !== null) take(command, expects)
      else obey(command)
    }
  })
  const obey = (command: string) => {
    fake.commands.push(command)
    if (fake.manner === 'hanging') return
    if (echo) say(`${command}\r`)
    if (command === 'ATE0') echo = false
    if (command === 'AT+CPIN?') say(`\r\nRING\r\n\r\n+CPIN: ${fake.manner === 'no-sim' ? 'SIM PIN' : 'READY'}\r\n`)
    const asked = /^AT\+CMGS=(\d+)$/.exec(command)
    if (!asked) return say('\r\nOK\r\n')
    expects = Number(asked[1])
    say('\r\n> ')
  }
  const take = (hex: string, octets: number) => {
    expects = null
    if (hex.length / 2 - 1 !== octets) return say('\r\n+CMS ERROR: 304\r\n')
    fake.texts.push(decode(Buffer.from(hex, 'hex')))
    const reply = `\r\n+CMTI: "SM",3\r\n\r\n+CMGS: ${fake.texts.length}\r\n\r\nOK\r\n`
    if (fake.manner === 'refusing') say('\r\n+CMS ERROR: 1\r\n')
    else if (fake.manner === 'failing') say('\r\n+CMS ERROR: 38\r\n')
    else if (fake.manner === 'cut') socket.end('\r\n+CMGS')
    else if (fake.manner === 'slow') setTimeout(() => say(reply), 150)
    else say(reply)
  }
}

/** Read back from the octets, independently of how they were made. */
function decode(pdu: Buffer): SentText {
  const type = pdu[1]!
  const digits = pdu[3]!
  const bytes = Math.ceil(digits / 2)
  const number = [...pdu.subarray(5, 5 + bytes)].map((byte) => `${byte & 15}${byte >> 4}`).join('')
  const rest = pdu.subarray(5 + bytes)
  if (rest[1] !== 0x08) throw new Error('not UCS-2')
  const data = rest.subarray(4)
  if (data.byteLength !== rest[3] || data.byteLength > 140) throw new Error('length of the text is wrong')
  const hasHeader = (type & 0x40) !== 0
  const header = hasHeader ? data[0]! + 1 : 0
  return {
    phone: `${pdu[4] === 0x91 ? '+' : ''}${number.slice(0, digits)}`,
    text: Buffer.from(data.subarray(header)).swap16().toString('utf16le'),
    part: hasHeader ? { reference: data[3]!, of: data[4]!, at: data[5]! } : null,
  }
}
