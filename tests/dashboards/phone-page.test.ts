import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Stage, temporaryDir } from './stage.ts'

test('the phone page needs a login; its worker may serve /m, comes fresh, and runs nothing from elsewhere', async () => {
  const distDir = temporaryDir()
  const dataDir = temporaryDir()
  mkdirSync(join(distDir, 'phone'))
  for (const name of ['index.html', 'sw.js', 'manifest.webmanifest']) writeFileSync(join(distDir, 'phone', name), '{}')
  const stage = await Stage.start({ distDir, dataDir })
  try {
    const asked = (path: string) => stage.ask('GET', path)
    const worker = await asked('/m/sw.js')
    const header = (name: string) => worker.headers.get(name)
    expect([worker.status, header('service-worker-allowed'), header('cache-control')]).toEqual([200, '/m', 'no-cache'])
    expect(header('content-type')).toContain('javascript')
    expect(header('content-security-policy')).toMatch(/script-src 'self';.*worker-src 'self'/)
    expect((await asked('/m/manifest.webmanifest')).headers.get('content-type')).toContain('application/manifest+json')
    const page = await asked('/m')
    expect([page.status, page.headers.get('location')]).toEqual([302, '/login?next=%2Fm'])
    expect((await asked('/ca.crt')).status).toBe(404)
    mkdirSync(join(dataDir, 'tls'))
    writeFileSync(join(dataDir, 'tls', 'ca.crt'), 'certificate')
    expect((await asked('/ca.crt')).text).toBe('certificate')
  } finally {
    await stage.stop()
  }
})
