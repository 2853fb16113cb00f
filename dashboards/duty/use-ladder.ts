import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import type { DryRun, LadderProposal } from '../../core/escalation.ts'
import type { Ladder } from '../../core/ladder.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { locale, t } from '../web/i18n/i18n.ts'
import { rememberNames } from '../web/people.ts'
import { inForce } from './ladder-draft.ts'

const LOOK_MS = 30_000

type Answer = {
  state: { enabled: boolean; reasons: ('no-channels' | 'outside-steps-off')[] }
  shipped: Ladder
  ladders: Ladder[]
  divisions: string[]
}
export type Tried = DryRun & { people: Record<string, string> }

/** The ladders of the viewer's divisions, and what is proposed for them. */
export function useLadder(now: Ref<number>) {
  const answer = shallowRef<Answer | null>(null)
  const proposals = shallowRef<LadderProposal[]>([])
  const named = shallowRef<ReadonlyMap<string, { zh: string; en: string }>>(new Map())
  const division = ref<string | null>(null)
  const failure = shallowRef<string | null>(null)
  /** nobody is called from here: there are no such calls */
  const isOff = ref(false)

  async function ask(): Promise<void> {
    try {
      const [ladders, proposed] = await Promise.all([
        api<Answer>('GET', '/ladders'),
        api<{ proposals: LadderProposal[]; people: Record<string, string> }>('GET', '/ladders/proposals'),
      ])
      rememberNames(proposed.people)
      proposals.value = proposed.proposals
      if (answer.value === null) division.value = ladders.divisions[0] ?? null
      answer.value = ladders
      failure.value = null
    } catch (error) {
      isOff.value = error instanceof ApiFailure && error.status === 404
      failure.value = isOff.value ? null : failureText(error)
    }
  }
  async function begin(): Promise<void> {
    await ask()
    try {
      const { regions } = await api<{ regions: { code: string; zh: string; en: string }[] }>('GET', '/regions')
      named.value = new Map(regions.map(({ code, zh, en }) => [code, { zh, en }]))
    } catch {
      // A code is a name too.
    }
  }
  watch(
    () => Math.floor(now.value / LOOK_MS),
    () => answer.value !== null && void ask(),
  )

  const nameOf = (region: string | null): string => {
    if (region === null) return t('ladder.everywhere')
    const names = named.value.get(region)
    const name = locale.value === 'en' ? names?.en : names?.zh
    return name === undefined || name === region ? region : `${name} ${region}`
  }
  const standing = computed(() => answer.value && inForce(division.value, answer.value.ladders, answer.value.shipped))
  /** The version a proposal for a division has to follow. */
  const versionOf = (region: string | null): number => answer.value?.ladders.find((one) => one.region === region)?.version ?? 0
  /** Who put a ladder in force: what ships nobody did. */
  const originOf = (ladder: Ladder): LadderProposal | null =>
    proposals.value.find(
      (one) => one.state === 'approved' && one.ladder.region === ladder.region && one.ladder.version === ladder.version,
    ) ?? null
  return { answer, proposals, division, failure, isOff, begin, ask, nameOf, standing, versionOf, originOf }
}
export type Ladders = ReturnType<typeof useLadder>
