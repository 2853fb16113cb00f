import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProcess } from './platform-process.ts'

const root = join(import.meta.dirname, '../..')

/** `npm run doctor` as a person runs it. */
function doctor(dataDir: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const env = {
    ...process.env,
    WATCHFIRE_DATA_DIR: dataDir,
    WATCHFIRE_HTTP_PORT: '0',
    WATCHFIRE_MQTT_PORT: '0',
    LC_ALL: 'zh_CN.UTF-8',
  }
  const command = [join(root, 'launch.js'), 'operate/doctor/doctor-command.ts', ...args]
  return new Promise((resolve) =>
    execFile(process.execPath, command, { cwd: dataDir, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    ),
  )
}

test('the doctor finds nothing wrong beside a running platform nor after its kill, and names a byte that was changed', async () => {
  const platform = await startProcess({ keep: true })
  try {
    await platform.call('POST', '/api/v1/enterprises', { name: '体检厂', region: '370102' })
    const running = await doctor(platform.dataDir)
    expect(running).toMatchObject({ code: 0 })
    expect(running.said).toMatch(/没有发现问题[^]*说明 \[running\] 平台正在运行/)
    await platform.kill()
    expect(await doctor(platform.dataDir, '--lang', 'en')).toMatchObject({ code: 0 })

    const journal = join(platform.dataDir, 'journal')
    const segment = join(
      journal,
      readdirSync(journal).find((name) => name.startsWith('segment'))!,
    )
    const bytes = readFileSync(segment)
    bytes[2_000]! ^= 1
    writeFileSync(segment, bytes)
    const { code, said } = await doctor(platform.dataDir, '--json')
    const { findings } = JSON.parse(said) as { findings: { code: string; what: string }[] }
    expect([code, findings.map(({ code }) => code)]).toEqual([2, expect.arrayContaining(['journal-damaged', 'chain-broken'])])
    expect(findings.find((one) => one.code === 'journal-damaged')!.what).toMatch(
      /segment-\S+\.log 从第 \d+ 字节起有 \d+ 字节损坏/,
    )
    expect(await doctor(platform.dataDir, '--lang', 'fr')).toMatchObject({ code: 2 })
  } finally {
    await platform.kill()
    rmSync(platform.dataDir, { recursive: true, force: true })
  }
})
