import { computed, onMounted, ref, shallowRef } from 'vue'
import { MOST_VIEWS, type DeskView } from '../../core/desk-view.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'
import { isFiltering } from './queue-order.ts'
import type { Queue } from './use-queue.ts'

/** Filters and orders a person has given a name. Null where nothing can be kept: the demo knows nobody. */
export function useViews({ filter, sort, show }: Queue) {
  const views = shallowRef<DeskView[] | null>(null)
  const failure = ref<string | null>(null)
  const now = () => JSON.stringify([sort.value, { ...filter, text: filter.text.trim() }])
  const shownAs = computed(() => {
    const wanted = now()
    const isSame = (view: DeskView) => JSON.stringify([view.sort, { ...filter, ...view.filter }]) === wanted
    return views.value?.find(isSame)?.name ?? null
  })
  const maySave = computed(
    () =>
      views.value !== null &&
      views.value.length < MOST_VIEWS &&
      shownAs.value === null &&
      (isFiltering(filter) || sort.value !== 'urgency'),
  )

  async function keep(next: DeskView[]): Promise<boolean> {
    failure.value = null
    try {
      views.value = (await api<{ views: DeskView[] }>('PUT', '/me/views', { views: next })).views
      return true
    } catch (error) {
      failure.value = failureText(error)
      return false
    }
  }
  /** Under a name that is there already it takes the place of that view. */
  const save = (name: string): Promise<boolean> => {
    const view: DeskView = { name, sort: sort.value, filter: { ...filter, text: filter.text.trim() } }
    const others = (views.value ?? []).filter((one) => one.name !== name)
    return keep([...others, view])
  }
  const remove = (name: string): Promise<boolean> => keep((views.value ?? []).filter((one) => one.name !== name))
  /** The same one again: everything. */
  const toggle = (view: DeskView) => show(view.name === shownAs.value ? null : view)

  onMounted(async () => {
    try {
      views.value = (await api<{ views: DeskView[] }>('GET', '/me/views')).views
    } catch (error) {
      // Who cannot keep views is not offered any; anything else is said.
      if (!(error instanceof ApiFailure && [403, 404].includes(error.status))) failure.value = failureText(error)
    }
  })
  return { views, shownAs, maySave, failure, save, remove, toggle }
}
