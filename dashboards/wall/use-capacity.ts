import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** How many rows of a height (in rem) fit into an element now. Never under two. */
export function useCapacity(element: Ref<HTMLElement | undefined>, rowRem: number): Ref<number> {
  const rows = ref(2)
  const observer = new ResizeObserver(([entry]) => {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    if (entry) rows.value = Math.max(2, Math.floor((entry.contentRect.height + 0.5) / (rowRem * rem)))
  })
  onMounted(() => observer.observe(element.value!))
  onBeforeUnmount(() => observer.disconnect())
  return rows
}
