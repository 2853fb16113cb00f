import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import type { Fence, FenceKind, FenceShape } from '../../core/fence.ts'
import { metresBetween, type Point } from '../../core/ground.ts'
import { api, ApiFailure } from '../web/api.ts'

export const fenceKinds = ['risk-zone', 'no-go', 'restricted', 'route', 'custom'] as const satisfies readonly FenceKind[]

/** A fence being drawn or changed. `id` null: it is new. */
export type Draft = {
  id: string | null
  version: number
  name: string
  kind: FenceKind
  type: FenceShape['type']
  points: readonly Point[]
  radiusM: number
  widthM: number
  tags: string
  grade: Fence['grade']
  limitKmh: number | null
  /** still taking points from the map */
  open: boolean
}

const least: Record<FenceShape['type'], number> = { polygon: 3, circle: 1, corridor: 2 }
const WIDTH_M = 60

export type Drawing = {
  draft: ShallowRef<Draft | null>
  complete: ComputedRef<boolean>
  begin(type: FenceShape['type']): void
  edit(fence: Fence): void
  press(at: Point): void
  movePoint(n: number, to: Point): void
  insertPoint(n: number, at: Point): void
  removePoint(n: number): void
  finish(): void
  change(given: Partial<Draft>): void
  cancel(): void
  save(): Promise<SaveAnswer>
  retire(fence: Fence): Promise<SaveAnswer>
}
/** `newer`: somebody else has changed it meanwhile; nothing was written. */
export type SaveAnswer = { saved: Fence } | { newer: Fence }

export function useDrawing(): Drawing {
  const draft = shallowRef<Draft | null>(null)
  const change = (given: Partial<Draft>) => {
    if (draft.value) draft.value = { ...draft.value, ...given }
  }
  const pointsOf = () => draft.value?.points ?? []
  const complete = computed(() => draft.value !== null && draft.value.points.length >= least[draft.value.type])
  const finish = () => complete.value && change({ open: false })

  return {
    draft,
    complete,
    change,
    finish,
    begin(type) {
      const kind = type === 'corridor' ? 'route' : type === 'circle' ? 'no-go' : 'risk-zone'
      const shape = { type, points: [], radiusM: 0, widthM: WIDTH_M, open: true }
      draft.value = { id: null, version: 0, name: '', kind, tags: '', grade: null, limitKmh: null, ...shape }
    },
    edit({ id, version, name, kind, shape, tags, grade, limitKmh }) {
      const drawn = {
        type: shape.type,
        points: (shape.type === 'circle' ? [shape.center] : shape.points) as Point[],
        radiusM: shape.type === 'circle' ? shape.radiusM : 0,
        widthM: shape.type === 'corridor' ? shape.widthM : WIDTH_M,
      }
      draft.value = { id, version, name, kind, tags: tags.join(' '), grade, limitKmh, ...drawn, open: false }
    },
    press(at) {
      const now = draft.value
      if (!now?.open) return
      if (now.type !== 'circle' || now.points.length === 0) return change({ points: [...now.points, at] })
      change({ radiusM: Math.max(1, Math.round(metresBetween(now.points[0]!, at))), open: false })
    },
    movePoint: (n, to) => change({ points: pointsOf().with(n, to) }),
    insertPoint: (n, at) => change({ points: [...pointsOf().slice(0, n), at, ...pointsOf().slice(n)] }),
    removePoint(n) {
      const now = draft.value
      if (now && (now.open || now.points.length > least[now.type])) change({ points: now.points.filter((_, i) => i !== n) })
    },
    cancel: () => (draft.value = null),
    save: async () => {
      const { id, version, ...fields } = bodyOf(draft.value!)
      const answer = await versioned(() =>
        id === null ? api<Fence>('POST', '/fences', fields) : api<Fence>('PUT', `/fences/${id}`, { version, ...fields }),
      )
      if ('saved' in answer) draft.value = null
      return answer
    },
    retire: ({ id, version }) => versioned(() => api<Fence>('POST', `/fences/${id}/retire`, { version })),
  }
}

async function versioned(call: () => Promise<Fence>): Promise<SaveAnswer> {
  try {
    return { saved: await call() }
  } catch (error) {
    const newer = error instanceof ApiFailure && error.code === 'stale-version' ? error.details['fence'] : undefined
    if (newer === undefined) throw error
    return { newer: newer as Fence }
  }
}

function bodyOf({ id, version, name, kind, tags, grade, limitKmh, ...drawn }: Draft) {
  const words = [...new Set(tags.split(/[\s,,]+/).filter((tag) => tag !== ''))]
  return { id, version, name: name.trim(), kind, shape: shapeOfDraft(drawn), tags: words, grade, limitKmh }
}

export function shapeOfDraft({
  type,
  points,
  radiusM,
  widthM,
}: Pick<Draft, 'type' | 'points' | 'radiusM' | 'widthM'>): FenceShape {
  const rounded = points.map(([lon, lat]): Point => [digits(lon), digits(lat)])
  if (type === 'circle') return { type, center: rounded[0]!, radiusM: Math.max(1, radiusM) }
  return type === 'corridor' ? { type, points: rounded, widthM } : { type, points: rounded }
}

/** A tenth of a metre. */
const digits = (degrees: number): number => Math.round(degrees * 1e6) / 1e6
