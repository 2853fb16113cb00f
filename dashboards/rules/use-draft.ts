import { computed, ref, shallowRef, watch } from 'vue'
import type { RuleWarning } from '../../core/alarm-book.ts'
import type { Rule } from '../../core/rule.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { mayTune } from '../web/session.ts'
import { changesOf } from './changes.ts'
import { draftOf } from './rule-book.ts'
import { readText, textOf, type Form } from './rule-text.ts'
import type { Draft } from './sentence.ts'

export type Remark = { line: number; code: 'fault' | RuleWarning['code']; path: string; message: string }

const CHECK_AFTER_MS = 250

/** The rule being written. The text is what there is; the sentence is another way to write it. */
export function useDraft() {
  const base = shallowRef<Rule | null>(null)
  const form = ref<Form>('yaml')
  const text = ref('')
  const remarks = shallowRef<Remark[]>([])
  const checking = ref(false)
  const checkFailure = shallowRef<string | null>(null)
  const read = computed(() => readText(text.value))
  const draft = computed(() => read.value.draft)
  const isChanged = computed(() => {
    if (!base.value || !draft.value) return true
    return changesOf(draftOf(base.value), draft.value).length > 0
  })
  const faults = computed(() => remarks.value.filter(({ code }) => code === 'fault'))

  function open(rule: Rule, written: Draft | null): void {
    base.value = rule
    text.value = textOf(written ?? draftOf(rule), form.value)
  }
  const write = (next: Draft): void => void (text.value = textOf(next, form.value))
  function inForm(next: Form): void {
    const now = draft.value
    form.value = next
    if (now) write(now)
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0
  watch(text, () => {
    clearTimeout(timer)
    const { fault } = read.value
    if (fault) {
      asked++
      checking.value = false
      remarks.value = [{ line: fault.line, code: 'fault', path: '', message: fault.message }]
      return
    }
    checking.value = true
    timer = setTimeout(() => void check(), CHECK_AFTER_MS)
  })

  async function check(): Promise<void> {
    const mine = ++asked
    const { draft: now, lineOf } = read.value
    if (!now || !mayTune()) {
      checking.value = false
      return
    }
    const { id, ...fields } = now
    try {
      type Answer = { fault: { path: string; message: string } | null; warnings: RuleWarning[] }
      const found = await api<Answer>('POST', `/rules/${encodeURIComponent(String(id))}/check`, fields)
      if (mine !== asked) return
      const { fault } = found
      remarks.value = fault
        ? [{ line: lineOf(fault.path), code: 'fault', ...fault }]
        : found.warnings.map(({ code, path, message }) => ({ line: lineOf(path), code, path, message }))
      checkFailure.value = null
    } catch (error) {
      if (mine !== asked) return
      const isAboutRule = error instanceof ApiFailure && error.status === 400
      remarks.value = isAboutRule ? [{ line: 1, code: 'fault', path: '', message: failureText(error) }] : []
      checkFailure.value = isAboutRule ? null : failureText(error)
    } finally {
      if (mine === asked) checking.value = false
    }
  }

  return { base, form, text, draft, read, remarks, faults, checking, checkFailure, isChanged, open, write, inForm }
}
export type Writing = ReturnType<typeof useDraft>
