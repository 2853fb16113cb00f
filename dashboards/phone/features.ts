import { onScopeDispose, ref, type Ref } from 'vue'

export type Feature = { name: 'offline' | 'keep' | 'place' | 'sound' | 'camera'; why: string | null }

/** What this browser lets the page do, and the reason where it does not. */
export function useFeatures(hasSound: () => boolean): Ref<Feature[]> {
  const features = ref<Feature[]>([])
  const look = async () => {
    features.value = [
      { name: 'offline', why: await offlineWhy() },
      { name: 'keep', why: await keepWhy() },
      { name: 'camera', why: typeof createImageBitmap === 'function' ? null : 'unsupported' },
      { name: 'place', why: await placeWhy() },
      { name: 'sound', why: hasSound() ? null : 'touch' },
    ]
  }
  void look()
  const timer = setInterval(() => void look(), 2_000)
  onScopeDispose(() => clearInterval(timer))
  return features
}

async function offlineWhy(): Promise<string | null> {
  if (!isSecureContext) return 'insecure'
  if (!('serviceWorker' in navigator)) return 'unsupported'
  return (await navigator.serviceWorker.getRegistration('/m'))?.active ? null : 'notYet'
}

const keepWhy = (): Promise<string | null> =>
  new Promise((resolve) => {
    try {
      const request = indexedDB.open('watchfire-phone-probe')
      request.addEventListener('success', () => (request.result.close(), resolve(null)))
      request.addEventListener('error', () => resolve('storage'))
    } catch {
      resolve('storage')
    }
  })

async function placeWhy(): Promise<string | null> {
  if (!isSecureContext) return 'insecure'
  if (!('geolocation' in navigator)) return 'unsupported'
  const state = await navigator.permissions?.query({ name: 'geolocation' }).catch(() => null)
  return state?.state === 'denied' ? 'denied' : null
}
