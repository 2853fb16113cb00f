import { backtestCommand } from './alerts/backtest/command.ts'
import { openOfflineHistory } from './ingest/offline.ts'

/** `npm run backtest`: a rule tried on the past of a data folder. */
await backtestCommand(openOfflineHistory)
