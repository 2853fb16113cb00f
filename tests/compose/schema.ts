/*
 * The part of the compose format that docker-compose.yml uses, as a JSON schema of our own: what is not in it is a typing
 * error. (The published schema accepts the file too; docs/deploy-compose.md says when that was last looked at.)
 */
const string = { type: 'string', minLength: 1 }
const strings = { type: 'array', items: string, minItems: 1, uniqueItems: true }
const duration = { type: 'string', pattern: '^[0-9]+(s|m|h)$' }
const object = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

const service = object(
  {
    image: { type: 'string', pattern: '^[a-z0-9./-]+:v?[0-9]+\\.[0-9]+\\.[0-9]+$' },
    build: string,
    user: { type: 'string', pattern: '^[0-9]+:[0-9]+$' },
    restart: { enum: ['unless-stopped'] },
    init: { type: 'boolean' },
    read_only: { type: 'boolean' },
    cap_drop: strings,
    security_opt: strings,
    tmpfs: strings,
    logging: object({ driver: string, options: { type: 'object', additionalProperties: string } }, ['driver']),
    stop_grace_period: duration,
    environment: {
      type: 'object',
      propertyNames: { pattern: '^[A-Z][A-Z0-9_]*$' },
      // A bare true or 1 in YAML is no string, and engines differ in what they make of it.
      additionalProperties: { type: 'string' },
    },
    entrypoint: strings,
    ports: { type: 'array', items: { type: 'string', pattern: '^\\$\\{[A-Z_]+:-[0-9.]+\\}:[0-9]+:[0-9]+$' } },
    volumes: { type: 'array', items: { type: 'string', pattern: '^(\\./)?[A-Za-z0-9._/-]+:/[A-Za-z0-9._/-]+(:ro)?$' } },
    networks: strings,
    healthcheck: object(
      {
        test: { type: 'array', prefixItems: [{ const: 'CMD' }], items: string, minItems: 2 },
        interval: duration,
        timeout: duration,
        retries: { type: 'integer', minimum: 1 },
        start_period: duration,
      },
      ['test', 'interval', 'timeout', 'retries', 'start_period'],
    ),
  },
  ['image', 'user', 'restart', 'read_only', 'cap_drop', 'security_opt', 'environment', 'volumes', 'networks', 'healthcheck'],
)

export const composeSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    services: { type: 'object', additionalProperties: service, minProperties: 1 },
    networks: { type: 'object', additionalProperties: { anyOf: [{ type: 'null' }, object({ internal: { type: 'boolean' } })] } },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
  patternProperties: { '^x-': {} },
  required: ['name', 'services', 'networks', 'volumes'],
  additionalProperties: false,
}
