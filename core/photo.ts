/** A photo as evidence: the hash of its bytes, when it was taken, and where if the phone may say so. Who is who sent it. */
export type PhotoNote = {
  sha256: string
  takenAt: number
  place: { latitude: number; longitude: number; accuracyM: number } | null
}

export const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const
export type PhotoType = (typeof PHOTO_TYPES)[number]
export const PHOTO_BYTES = 600_000

/** `photo:<sha256>@<ms>,<latitude>,<longitude>,<metres>`, or `@<ms>` without a place: it stands in the evidence of an entry among words. */
export const photoText = ({ sha256, takenAt, place }: PhotoNote): string =>
  `photo:${sha256}@${takenAt}${place ? `,${place.latitude.toFixed(6)},${place.longitude.toFixed(6)},${Math.round(place.accuracyM)}` : ''}`

const PHOTO = /photo:([0-9a-f]{64})@(\d{1,15})(?:,(-?\d+\.\d+),(-?\d+\.\d+),(\d+))?/g

export function photosIn(evidence: string | null | undefined): PhotoNote[] {
  return [...(evidence ?? '').matchAll(PHOTO)].map(([, sha256, at, latitude, longitude, accuracy]) => ({
    sha256: sha256!,
    takenAt: Number(at),
    place:
      latitude === undefined ? null : { latitude: Number(latitude), longitude: Number(longitude), accuracyM: Number(accuracy) },
  }))
}

/** What an evidence says besides its photos. */
export const withoutPhotos = (evidence: string): string => evidence.replaceAll(PHOTO, '').replaceAll(/\s+/g, ' ').trim()

/** What the bytes say they are, whatever they were called. */
export function photoTypeOf(bytes: Uint8Array): PhotoType | null {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to))
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'image/jpeg'
  if (bytes[0] === 0x89 && text(1, 8) === 'PNG\r\n\x1a\n') return 'image/png'
  return text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP' ? 'image/webp' : null
}
