import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** What stands behind the `#` of the address, without it: a page's tabs are links, so a tab can be sent to somebody and the back key works. */
export function useHash(): Readonly<Ref<string>> {
  const hash = ref(location.hash.slice(1))
  const turned = () => (hash.value = location.hash.slice(1))
  addEventListener('hashchange', turned)
  onScopeDispose(() => removeEventListener('hashchange', turned))
  return readonly(hash)
}
