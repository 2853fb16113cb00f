import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { IMPORT_BYTES, type ImportAnswer, type ImportKind, type Said } from '../../core/imports.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { has, isChinese, said, t } from '../web/i18n/i18n.ts'
import { loadChoices } from './choices.ts'

/** A file on its way in: chosen, checked, imported. What is given only once is saved at once, whatever happens to the page. */
export function useImport(kind: Ref<ImportKind>) {
  const file = shallowRef<File | null>(null)
  const answer = shallowRef<ImportAnswer | null>(null)
  const failure = shallowRef<string | null>(null)
  const busy = ref<'checking' | 'importing' | null>(null)
  /** null: not chosen yet; it never changes afterwards, so nobody chooses it unawares */
  const mode = ref<string | null>(null)
  const good = computed(() => (answer.value ? answer.value.counts.new + answer.value.counts.changed : 0))
  const asksMode = computed(() => kind.value === 'devices' && (answer.value?.counts.new ?? 0) > 0)
  const lang = () => (isChinese.value ? 'zh' : 'en')
  const secrets = computed(() => (answer.value?.dryRun === false && answer.value.counts.new > 0 ? answer.value.resultCsv : null))

  async function send(dryRun: boolean): Promise<void> {
    const chosen = file.value
    if (!chosen) return
    busy.value = dryRun ? 'checking' : 'importing'
    failure.value = null
    const query = new URLSearchParams({ dryRun: String(dryRun), lang: lang(), ...(asksMode.value && { mode: mode.value! }) })
    try {
      if (chosen.size > IMPORT_BYTES) throw new ApiFailure(413, 'too-large', '', {}, null)
      answer.value = await api<ImportAnswer>('POST', `/imports/${kind.value}?${query}`, chosen, { 'content-type': 'text/csv' })
      if (dryRun) return
      if (secrets.value !== null) saveResult()
      await loadChoices()
    } catch (error) {
      failure.value = textOf(error)
    } finally {
      busy.value = null
    }
  }

  function choose(chosen: File | undefined): void {
    if (!chosen) return
    clear()
    file.value = chosen
    void send(true)
  }
  function clear(): void {
    file.value = null
    answer.value = null
    failure.value = null
    mode.value = null
  }
  function save(text: string, name: string): void {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
    Object.assign(document.createElement('a'), { href: url, download: name }).click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  }
  const saveResult = (): void => save(answer.value!.resultCsv!, `watchfire-${kind.value}-result.csv`)
  const saveBad = (): void => save(answer.value!.badCsv!, `watchfire-${kind.value}-bad.csv`)

  const leaving = (event: BeforeUnloadEvent): void => {
    if (busy.value === 'importing') event.preventDefault()
  }
  addEventListener('beforeunload', leaving)
  onScopeDispose(() => removeEventListener('beforeunload', leaving))
  watch(kind, clear)
  return {
    file,
    answer,
    failure,
    busy,
    mode,
    good,
    asksMode,
    secrets,
    choose,
    clear,
    run: () => send(false),
    saveResult,
    saveBad,
  }
}

function textOf(error: unknown): string {
  const key = error instanceof ApiFailure ? `admin.import.refused.${error.code}` : ''
  if (!(error instanceof ApiFailure) || !has(key)) return failureText(error)
  const { column, ...facts } = error.details
  return t(key, { ...facts, column: column ? said(column as Said) : '' })
}
