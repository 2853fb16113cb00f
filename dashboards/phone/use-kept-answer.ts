import { ref, shallowRef } from 'vue'
import { api, failureText } from '../web/api.ts'
import { answers } from './kept.ts'

/** An answer of the API as it was last given, with its age, until there is a newer one. */
export function useKeptAnswer<T>(name: () => string) {
  const value = shallowRef<T | null>(null)
  const at = ref<number | null>(null)
  const failure = ref<string | null>(null)
  /** whether what is shown is from before */
  const isOld = ref(false)

  async function load(path: string): Promise<void> {
    const key = name()
    if (value.value === null) {
      const kept = await answers.load<T>(key)
      if (kept && value.value === null) {
        value.value = kept.value
        at.value = kept.at
        isOld.value = true
      }
    }
    try {
      value.value = await api<T>('GET', path)
      at.value = Date.now()
      isOld.value = false
      failure.value = null
      answers.keep(key, value.value)
    } catch (error) {
      isOld.value = value.value !== null
      failure.value = failureText(error)
    }
  }
  return { value, at, failure, isOld, load }
}
