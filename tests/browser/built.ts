import { buildPages } from './pages.ts'

/** Once before the files of a run, so that two of them never build at the same time. */
export const setup = () => buildPages()
