import { PHOTO_BYTES } from '../../core/photo.ts'
import type { TakenPhoto } from './outbox.ts'

const LONGEST_PX = 1_600
const QUALITIES = [0.85, 0.7, 0.55, 0.4]
const PLACE_WITHIN_MS = 8_000

/** A photo as small as it is sent: drawn anew, so that nothing the camera wrote into the file goes along. */
export async function takenPhoto(file: Blob): Promise<TakenPhoto> {
  const takenAt = Date.now()
  const [blob, place] = await Promise.all([scaledDown(file), placeNow()])
  return { blob, takenAt, place }
}

async function scaledDown(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file)
  try {
    for (let longest = LONGEST_PX; longest >= 400; longest = Math.round(longest / 2)) {
      const scale = Math.min(1, longest / Math.max(picture.width, picture.height))
      const canvas = document.createElement('canvas')
      canvas.width = Math.max(1, Math.round(picture.width * scale))
      canvas.height = Math.max(1, Math.round(picture.height * scale))
      canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
      for (const quality of QUALITIES) {
        const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
        if (blob && blob.size <= PHOTO_BYTES) return blob
      }
    }
  } finally {
    picture.close()
  }
  throw new Error('the photo cannot be made small enough')
}

/** Null when the phone may not say where it is, or does not know in time: the photo then says 无位置. */
const placeNow = (): Promise<TakenPhoto['place']> =>
  new Promise((resolve) => {
    if (!isSecureContext || !('geolocation' in navigator)) return resolve(null)
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracyM: coords.accuracy }),
      () => resolve(null),
      { timeout: PLACE_WITHIN_MS, maximumAge: 60_000, enableHighAccuracy: true },
    )
  })
