/** Where to go after logging in: a path on this origin, or `fallback` for anything else (`//host`, `/\host`, `https:…`, control characters). */
export function nextPath(asked: string | null, origin: string, fallback: string): string {
  if (asked === null || !asked.startsWith('/')) return fallback
  let url: URL
  try {
    url = new URL(asked, origin)
  } catch {
    return fallback
  }
  if (url.origin !== origin || url.pathname.startsWith('//') || url.pathname.startsWith('/login')) return fallback
  return url.pathname + url.search + url.hash
}
