import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BadSetting } from '../../core/errors.ts'
import { readSettings, type Settings } from '../../settings.ts'
import { examine } from './doctor.ts'
import { exitCode, finding, inWords, worstFirst, type Finding, type Language, type Level } from './finding.ts'

/**
 * `npm run doctor`: what is wrong with this data folder and machine, in plain words. `-- --lang zh|en` (else by LANG),
 * `-- --json` for machines. Ends with 0 (well), 1 (look at something) or 2 (something is broken).
 */
const marks: Record<Language, Record<Level, string>> = {
  zh: { error: '错误', warning: '注意', note: '说明' },
  en: { error: 'ERROR', warning: 'WARNING', note: 'note' },
}
const sums: Record<Language, [string, string, string]> = {
  zh: ['没有发现问题', '有需要留意的地方', '有问题需要处理'],
  en: ['nothing is wrong', 'there is something to look at', 'something is wrong'],
}

const { lang, json } = readArguments()
const all: Finding[] = []
const settings = usableSettings(process.env, resolve('watchfire.yaml'), all)
all.push(...(await examine(settings, Date.now(), lang)))
const found = worstFirst(all)
const code = exitCode(found)
// Whoever reads the first lines alone closes the pipe: what we found is still our exit code.
process.stdout.on('error', () => undefined)
process.stdout.write(json ? inJson(found) : inSentences(found))
process.exitCode = code

function inJson(findings: Finding[]): string {
  const told = findings.map((one) => ({ ...one, ...inWords(one, lang) }))
  return `${JSON.stringify({ dataDir: settings.dataDir, exitCode: code, findings: told }, null, 2)}\n`
}

function inSentences(findings: Finding[]): string {
  const told = findings.map((one) => {
    const { what, todo } = inWords(one, lang)
    return `\n${marks[lang][one.level]} [${one.code}] ${what}\n    → ${todo}\n`
  })
  return `${settings.dataDir}: ${sums[lang][code]}\n${told.join('')}`
}

function readArguments(): { lang: Language; json: boolean } {
  const spoken = process.env['LC_ALL'] || process.env['LC_MESSAGES'] || process.env['LANG'] || ''
  try {
    const { values } = parseArgs({ options: { lang: { type: 'string' }, json: { type: 'boolean' } } })
    const asked = values.lang ?? (spoken.startsWith('zh') ? 'zh' : 'en')
    if (asked !== 'zh' && asked !== 'en') throw new Error('--lang is zh or en')
    return { lang: asked, json: values.json ?? false }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}; for example npm run doctor -- --lang zh\n`)
    process.exit(2)
  }
}

/** With a setting that is wrong everything else is still looked at, by its default, where the data folder itself is known. */
function usableSettings(env: NodeJS.ProcessEnv, yamlFile: string, told: Finding[]): Settings {
  try {
    const { settings, warnings } = readSettings(env, yamlFile)
    for (const message of warnings) told.push(finding('settings-unknown', { message }))
    return settings
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error
    told.push(finding('settings-wrong', { message: error.message }))
    const dataDir = env['WATCHFIRE_DATA_DIR']
    return readSettings(dataDir === undefined ? {} : { WATCHFIRE_DATA_DIR: dataDir }, '').settings
  }
}
