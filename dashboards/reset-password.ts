import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse as parseYaml } from 'yaml'
import { NotFound } from '../core/errors.ts'
import { hashPassword } from './passwords.ts'
import { PeopleDatabase } from './people-database.ts'
import { writeAdminPassword } from './people-thread.ts'
import { randomPassword } from './short-id.ts'

/**
 * Gives a user a new random password, on the data folder itself, whether the platform runs or not. At the next login the
 * platform enters it in the record, lets the user in even if shut out before, and ends what was open under the old one.
 */
export async function resetPassword(dataDir: string, username: string): Promise<string> {
  const file = join(dataDir, 'people.db')
  if (!existsSync(file))
    throw new NotFound(`${dataDir} has no people.db: start Watchfire once, or name the folder by WATCHFIRE_DATA_DIR`)
  const password = randomPassword()
  const hash = await hashPassword(password)
  const database = new PeopleDatabase(file)
  try {
    const person = database.load().people.find((one) => one.username.toLowerCase() === username.toLowerCase())
    if (!person) throw new NotFound(`there is no user ${username} in ${file}`)
    database.setPassword(person.id, hash, Date.now())
    if (person.id === 'admin') writeAdminPassword(dataDir, password)
    return password
  } finally {
    database.close()
  }
}

/** As the platform finds it: the environment, else watchfire.yaml, else ./data. */
function dataDirOf(env: NodeJS.ProcessEnv, yamlFile: string): string {
  if (env['WATCHFIRE_DATA_DIR']) return env['WATCHFIRE_DATA_DIR']
  if (!existsSync(yamlFile)) return './data'
  const settings = parseYaml(readFileSync(yamlFile, 'utf8'), { schema: 'core', maxAliasCount: 0 }) as { dataDir?: unknown } | null
  return typeof settings?.dataDir === 'string' ? settings.dataDir : './data'
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const username = process.argv[2] ?? 'admin'
  try {
    const dataDir = resolve(dataDirOf(process.env, join(process.cwd(), 'watchfire.yaml')))
    const password = await resetPassword(dataDir, username)
    process.stdout.write(`new password of ${username}: ${password}\n`)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
