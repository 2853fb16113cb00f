import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'

export type SmtpManner = 'accepting' | 'hanging' | 'refusing' | 'failing' | 'slow' | 'cut' | 'wrong-password' | 'no-starttls'
export type Mail = { from: string; to: string; data: string; encrypted: boolean }

/** A mail server: EHLO, STARTTLS where it has a certificate, AUTH PLAIN, MAIL, RCPT, DATA (RFC 5321). */
export async function startSmtp(pair?: { key: string; cert: string }, { implicit = false } = {}) {
  const fake = {
    manner: 'accepting' as SmtpManner,
    port: 0,
    mails: [] as Mail[],
    logins: [] as string[],
    stop: () => Promise.resolve(),
  }
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    if (fake.manner === 'hanging') return
    socket.write('220 mail.example.org ESMTP\r\n')
    talk(socket, fake, pair)
  }
  const server = implicit && pair ? createTlsServer(pair, serve) : createServer(serve)
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  fake.port = (server.address() as AddressInfo).port
  fake.stop = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return fake
}

function talk(socket: Socket, fake: Awaited<ReturnType<typeof startSmtp>>, pair?: { key: string; cert: string }): void {
  let input = ''
  let mail: Mail | null = null
  let inData = false
  const say = (text: string) => void (socket.writable && socket.write(`${text}\r\n`))
  const read = (bytes: Buffer) => {
    input += bytes.toString('utf8')
    for (;;) {
      const end = input.indexOf(inData ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const line = input.slice(0, end)
      input = input.slice(end + (inData ? 5 : 2))
      if (inData) finish(line)
      else obey(line)
    }
  }
  socket.on('data', read)
  const finish = (data: string) => {
    inData = false
    fake.mails.push({ ...mail!, data })
    if (fake.manner === 'slow') setTimeout(() => say('250 2.0.0 queued as secret-words'), 150)
    else if (fake.manner === 'cut') socket.destroy()
    else say('250 2.0.0 queued')
  }
  const obey = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase()
    const offersTls = pair && fake.manner !== 'no-starttls' && !(socket instanceof TLSSocket)
    if (verb === 'EHLO') return say(`250-mail.example.org\r\n${offersTls ? '250-STARTTLS\r\n' : ''}250 AUTH PLAIN`)
    if (verb === 'STAR') {
      if (!offersTls) return say('502 5.5.1 what is that')
      socket.write('220 go ahead\r\n')
      socket.off('data', read)
      const secure = new TLSSocket(socket, { isServer: true, ...pair! })
      secure.on('error', () => undefined)
      return talk(secure, fake, pair)
    }
    if (verb === 'AUTH') {
      fake.logins.push(line)
      return say(fake.manner === 'wrong-password' ? `535 5.7.8 no: ${line}` : '235 2.7.0 in')
    }
    if (verb === 'MAIL') {
      mail = { from: line.slice(10), to: '', data: '', encrypted: socket instanceof TLSSocket }
      return say('250 2.1.0 ok')
    }
    if (verb === 'RCPT') {
      if (fake.manner === 'refusing') return say(`550 5.1.1 no such person ${line}`)
      if (fake.manner === 'failing') return say(`451 4.3.0 later ${line}`)
      mail!.to = line.slice(8)
      return say('250 2.1.5 ok')
    }
    if (verb === 'DATA') {
      inData = true
      return say('354 go on')
    }
    say(verb === 'QUIT' ? '221 bye' : '250 ok')
  }
}
