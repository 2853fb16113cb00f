import { createServer, type AddressInfo } from 'node:net'
import { Aedes } from 'aedes'

// What aedes does with empty hooks and nothing behind it: the yardstick.
const broker = await Aedes.createBroker({ authorizePublish: (_client, _packet, done) => done(null) })
const server = createServer({ noDelay: true }, broker.handle)
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening mqtt ${(server.address() as AddressInfo).port}\n`))
