import { shallowRef } from 'vue'

/** What one wall is set to, kept in its own browser: the screen it hangs on, and what a room may read on it. */
export type WallSettings = {
  wall: string
  name: string
  seams: number[]
  /** type unit in px; null: the canvas' own */
  u: number | null
  pitchMm: number | null
  distanceM: number | null
  /** names of persons on the wall */
  names: boolean
  theme: 'auto' | 'day' | 'night'
  /** the pairing whose layout is in force; null before any */
  paired: string | null
}

const KEPT = 'watchfire.wall'
const plain = (): WallSettings => ({
  wall: Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  name: '',
  seams: [],
  u: null,
  pitchMm: null,
  distanceM: null,
  names: true,
  theme: 'auto',
  paired: null,
})

function load(): WallSettings {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Partial<WallSettings> | null
    const settings = { ...plain(), ...kept }
    localStorage.setItem(KEPT, JSON.stringify(settings))
    return settings
  } catch {
    return plain() // storage may be forbidden in a kiosk, or hold something else
  }
}

/** An address may say what the browser does not keep: `?seams=1920&u=32&names=0`. */
function asked(settings: WallSettings): WallSettings {
  const query = new URLSearchParams(location.search)
  const seams = query.get('seams')
  const u = Number(query.get('u'))
  return {
    ...settings,
    seams: seams === null ? settings.seams : seamsOf(seams),
    u: u > 0 ? u : settings.u,
    names: query.has('names') ? query.get('names') !== '0' : settings.names,
    name: query.get('name')?.slice(0, 40) ?? settings.name,
  }
}

export const seamsOf = (text: string): number[] =>
  text
    .split(/[,,\s]+/)
    .map(Number)
    .filter((x) => x > 0)

export const wallSettings = shallowRef(asked(load()))

export function keepSettings(settings: WallSettings): void {
  wallSettings.value = settings
  try {
    localStorage.setItem(KEPT, JSON.stringify(settings))
  } catch {
    // it holds until the page is closed
  }
}
