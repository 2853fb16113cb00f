import type { MessagePort } from 'node:worker_threads'
import { caller, moved } from '../../core/rpc.ts'
import { threadContext } from '../../journal/thread.ts'
import { Past } from './past.ts'
import type { ChangeQuestion, WallQuestion } from './question.ts'

/** The thread in which the past is shown again, so that the present is not kept waiting. */
const { data, journal, ready } = threadContext<{ dir: string; history: MessagePort }>()
const { call } = caller(data.history)
const past = new Past({ dir: data.dir, knownAt: (query) => call('knownAt', query), elapsedMs: () => performance.now() })

ready({
  wallAt: async (question: WallQuestion) => {
    const bytes = new TextEncoder().encode(JSON.stringify(await past.wallAt(question)))
    return moved({ bytes }, bytes)
  },
  changeNear: (question: ChangeQuestion) => past.changeNear(question),
  stop: () => journal.stop(),
})
