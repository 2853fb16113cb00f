import { onScopeDispose, ref, type Ref } from 'vue'

type Message = { say: 'who' } | { say: 'mine'; id: string; at: number } | { say: 'gone' }

/** So long a tab may take to say that it leads. */
const ANSWER_MS = 300

/**
 * One of the open tabs of this browser does what must not be done twice: the one somebody worked in last. Web Locks would do, and are
 * not there without HTTPS.
 */
export function useLeadTab(name: string): { leads: Ref<boolean> } {
  const leads = ref(false)
  if (typeof BroadcastChannel !== 'function') return { leads: ref(true) }
  const channel = new BroadcastChannel(name)
  const id = crypto.getRandomValues(new Uint32Array(2)).join('-')
  let claimedAt = 0
  let waiting: ReturnType<typeof setTimeout> | undefined
  const say = (message: Message) => channel.postMessage(message)
  const claim = () => {
    clearTimeout(waiting)
    // Never earlier than the claim it takes over from, whatever the clock did.
    claimedAt = Math.max(Date.now(), claimedAt + 1)
    leads.value = true
    say({ say: 'mine', id, at: claimedAt })
  }
  const ask = () => {
    say({ say: 'who' })
    clearTimeout(waiting)
    waiting = setTimeout(claim, ANSWER_MS)
  }
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.say === 'who') {
      if (leads.value) say({ say: 'mine', id, at: claimedAt })
    } else if (data.say === 'gone') {
      // Not all at once: the first that claims keeps the others from it.
      clearTimeout(waiting)
      waiting = setTimeout(ask, Math.random() * ANSWER_MS)
    } else {
      clearTimeout(waiting)
      const isNewer = data.at > claimedAt || (data.at === claimedAt && data.id > id)
      if (leads.value && !isNewer) return say({ say: 'mine', id, at: claimedAt })
      claimedAt = Math.max(claimedAt, data.at)
      leads.value = false
    }
  })
  const focused = () => document.visibilityState === 'visible' && claim()
  const gone = () => {
    if (leads.value) say({ say: 'gone' })
    leads.value = false
  }
  addEventListener('focus', focused)
  addEventListener('pagehide', gone)
  addEventListener('pageshow', focused)
  if (document.hasFocus()) claim()
  else ask()
  onScopeDispose(() => {
    gone()
    clearTimeout(waiting)
    removeEventListener('focus', focused)
    removeEventListener('pagehide', gone)
    removeEventListener('pageshow', focused)
    channel.close()
  })
  return { leads }
}
