import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silentLog } from '../../core/log.ts'
import { migrate } from '../../operate/migrate.ts'
import type { Migration } from '../../operate/migrations/migration.ts'

/**
 * Two migrations that cannot be repeated over their own work: everything they do twice shows. `step` is called between any
 * two of their steps.
 */
export const unrepeatable = (step: (name: string) => void): Migration[] => [
  {
    to: 2,
    says: 'counts are one higher and have an owner',
    changes: ['counts.db', 'story.txt', 'new.txt'],
    run(dataDir) {
      step('2 begins')
      const database = new DatabaseSync(join(dataDir, 'counts.db'))
      database.exec('ALTER TABLE counts ADD COLUMN owner TEXT')
      step('2 half of the database')
      database.exec('UPDATE counts SET n = n + 1')
      database.close()
      step('2 between two files')
      appendFileSync(join(dataDir, 'story.txt'), 'two ')
      writeFileSync(join(dataDir, 'new.txt'), 'new', { flag: 'wx' })
      step('2 done')
    },
  },
  {
    to: 3,
    says: 'the story is told in capitals',
    changes: ['story.txt'],
    run(dataDir) {
      step('3 begins')
      const story = readFileSync(join(dataDir, 'story.txt'), 'utf8')
      writeFileSync(join(dataDir, 'story.txt'), `${story.toUpperCase()}three`)
      step('3 done')
    },
  },
]

export const steps = ['2 begins', '2 half of the database', '2 between two files', '2 done', '3 begins', '3 done']

/** As a process of its own it dies at the step it is told, or is killed from outside. */
if (process.argv[2] === 'die') {
  const [, , , dataDir, at] = process.argv
  await migrate(
    dataDir!,
    silentLog,
    unrepeatable((name) => {
      if (name === at) process.kill(process.pid, 'SIGKILL')
    }),
  )
}
