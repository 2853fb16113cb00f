/** Which wall this page is, for the server to match with the token its browser holds; null on every other page. */
export const screen: { wall: string | null } = { wall: null }

export const WALL_HEADER = 'x-watchfire-wall'
export const screenHeaders = (): Record<string, string> => (screen.wall === null ? {} : { [WALL_HEADER]: screen.wall })
