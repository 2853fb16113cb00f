import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockDataDir } from '../../journal/lock.ts'

test('a folder has one owner; what a dead one or a power cut left behind is taken over', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-lock-'))
  const file = join(dir, 'lock')
  const lock = await lockDataDir(dir)
  await expect(lockDataDir(dir)).rejects.toThrow(new RegExp(`in use by process ${process.pid}\\b`))
  await lock.release()
  expect(existsSync(file)).toBe(false)
  for (const left of ['', '999999999 1\n', `${process.pid} 1\n`, '\0\0\0\0']) {
    writeFileSync(file, left)
    await (await lockDataDir(dir)).release()
  }
  rmSync(dir, { recursive: true })
})
