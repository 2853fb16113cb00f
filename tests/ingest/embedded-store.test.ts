import { stores } from '../../ingest/stores/index.ts'
import { storeSuite } from '../suites/store.ts'

storeSuite('embedded', stores.embedded)
storeSuite('memory', stores.memory, { forgets: true })
