import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import type { Log } from '../core/log.ts'
import { answerErrors } from './answers.ts'
import type { Api } from './context.ts'
import { readJsonBody } from './json-body.ts'
import type { DashboardsConfig } from './options.ts'
import { validatorCompiler } from './validation.ts'

const BODY_BYTES = 1 << 20
/** Whoever has not sent all of a request by then only holds memory. */
const REQUEST_MS = 30_000
const HEADERS_MS = 10_000
/** How often those limits are looked at; Node's own default is as long as the limit itself. */
const LOOK_MS = 2_000

/** The HTTP server before any call is added: how bodies are read, checked, refused and documented, and what headers pages get. */
export async function openHttp(config: Pick<DashboardsConfig, 'tls' | 'version'>, log: Log): Promise<Api> {
  const options = {
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  } as const
  const slowness = { headersTimeout: HEADERS_MS, connectionsCheckingInterval: LOOK_MS }
  const app = (config.tls
    ? fastify({ ...options, https: { ...config.tls, ...slowness, handshakeTimeout: HEADERS_MS } })
    : fastify({ ...options, http: slowness })
  ).withTypeProvider<TypeBoxTypeProvider>() as unknown as Api

  app.setValidatorCompiler(validatorCompiler)
  // The schemas of answers document; they must not drop fields.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, readJsonBody(text as string))
    } catch (error) {
      done(error as Error)
    }
  })
  answerErrors(app as never, log)
  // An answer belongs to who asked; no cache on the way may keep it. Pages and assets set their own.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })
  await app.register(cookie)
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'worker-src': ["'self'"],
        'object-src': ["'none'"],
        'frame-ancestors': ["'self'"],
        // Helmet's default would send pages served over plain HTTP to HTTPS.
        'upgrade-insecure-requests': null,
      },
    },
    strictTransportSecurity: config.tls !== null && { maxAge: 31_536_000 },
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Watchfire 烽燧',
        version: config.version,
        description: 'Errors are `{error:{code,message,details?}}`. Lists give `next`; send it as `cursor` for more.',
      },
      components: {
        securitySchemes: {
          session: { type: 'http', scheme: 'bearer', description: 'token of POST /api/v1/session' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'watchfire_session' },
        },
      },
      security: [{ session: [] }, { cookie: [] }],
    },
  })
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: false, logo: undefined as never })
  return app
}
