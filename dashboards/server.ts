import { worried, worry } from '../core/part-words.ts'
import type { Duplex } from 'node:stream'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { BadSetting } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { modes } from '../core/mode.ts'
import type { Part, PartStatus } from '../core/part.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Batch } from '../journal/journal.ts'
import { wallClock } from '../journal/wall-clock.ts'
import { Access } from './access.ts'
import { auditCalls } from './api/audit.ts'
import { ownCalls } from './api/me.ts'
import { officeCalls } from './api/offices.ts'
import { personalDataCalls } from './api/personal-data.ts'
import { alarmContactCalls } from './api/alarm-contacts.ts'
import { alarmLadderCalls } from './api/alarm-ladder.ts'
import { ladderPlaceCalls } from './api/ladder-place.ts'
import { alarmCalls } from './api/alarms.ts'
import { receivedCalls } from './api/received.ts'
import { backtestCalls } from './api/backtests.ts'
import { callbackCalls } from './api/callbacks.ts'
import { demoCalls } from './api/demo.ts'
import { deskViewCalls } from './api/desk-views.ts'
import { deviceCalls } from './api/devices.ts'
import { escalationCalls } from './api/escalation.ts'
import { evidenceCalls } from './api/evidence.ts'
import { exportCalls } from './api/export.ts'
import { fenceCalls } from './api/fences.ts'
import { hazardNoticeCalls } from './api/hazard-notices.ts'
import { hazardCalls } from './api/hazards.ts'
import { importCalls } from './api/imports.ts'
import { handoverCalls } from './api/handover.ts'
import { startCalls } from './api/start.ts'
import { tipCalls } from './api/tips.ts'
import { kpiCalls } from './api/kpi.ts'
import { mapCalls, serveBasemap } from './api/map.ts'
import { pairingCalls } from './api/pairing.ts'
import { photoCalls } from './api/photos.ts'
import { placeCalls } from './api/places.ts'
import { quarantineCalls } from './api/quarantine.ts'
import { readingAtCalls } from './api/readings-at.ts'
import { readingCalls } from './api/readings.ts'
import { reportCalls } from './api/reports.ts'
import { riskCalls } from './api/risk.ts'
import { proposalCalls } from './api/proposals.ts'
import { rosterCalls } from './api/roster.ts'
import { ruleHistoryCalls } from './api/rule-history.ts'
import { ruleCalls } from './api/rules.ts'
import { sessionCalls } from './api/session.ts'
import { telemetryCalls } from './api/telemetry.ts'
import { userCalls } from './api/users.ts'
import { wallAtCalls } from './api/wall-at.ts'
import { wallShowCalls } from './api/wall-show.ts'
import { windowCalls } from './api/windows.ts'
import { voiceCalls } from './api/voice.ts'
import { askedOf, turnStrangersAway, type Api, type Context } from './context.ts'
import { FalseAlarmHazards } from './false-alarm-hazards.ts'
import { Hazards } from './hazard-book.ts'
import { HazardNotices } from './hazard-notices.ts'
import { handoverFrom } from './handover-from.ts'
import { Handovers } from './handovers.ts'
import { EscalationNotices, peopleDoor } from './escalation-notices.ts'
import { healthCalls, platformNotices } from './health.ts'
import { openHttp } from './http.ts'
import { LiveFeed } from './live-feed.ts'
import { LiveState, type StateChange } from './live-state.ts'
import { LoginLimit } from './login-limit.ts'
import { Metrics } from './metrics.ts'
import type { DashboardsOptions, UpgradeHandler } from './options.ts'
import { servePages } from './pages.ts'
import { People } from './people.ts'
import { Recorder } from './recorder.ts'
import { Roster } from './roster.ts'
import { RuleHistory } from './rule-history.ts'
import { Audit } from './audit.ts'
import { Offices } from './offices.ts'
import { SecondFactor } from './second-factor.ts'
import { Strangers } from './strangers.ts'
import { Tips } from './tips.ts'
import { Verdicts } from './verdicts.ts'
import { Voice } from './voice.ts'
import { Walls } from './walls.ts'
import { rememberWhence } from './whence.ts'
import { ruleNotices } from './rule-notices.ts'
import { windowNotices } from './window-notices.ts'

export type { DashboardsConfig, DashboardsOptions, Demo, Story, Telemetry } from './options.ts'

export interface Dashboards extends Part {
  /** where it listens */
  url: string
  /** Takes what the journal brought, after the directory has: screens change, and whoever waits for it goes on. */
  apply(batch: Batch): void
}

/** HTTP API, live feed and pages on one port. */
export async function startDashboards(options: DashboardsOptions): Promise<Dashboards> {
  const { config, journal, directory, history, alarmBook, state, connections, log } = options
  const clock = options.clock ?? journal.clock
  const recorder = new Recorder(journal, state.pos)
  const verdicts = new Verdicts()
  const ruleHistory = new RuleHistory(journal)
  ruleHistory.known().catch((error: Error) => log.warn('the history of rules cannot be read yet', { reason: error.message }))
  const live = new LiveState(directory, (deviceId) => connections.isConnected(deviceId))
  for (const latest of await Promise.all(modes.map((mode) => history.latest(mode)))) live.newest.load(latest)
  live.windows.load(state.windows ?? [])
  live.load(state.openAlarms, (await alarmBook.rules()).rules, clock.now())

  const { dataDir, adminPassword } = config
  const { failed } = options
  const people = await People.open({
    ...{ dataDir, adminPassword, recorder, clock, log, secondFactorRoles: config.secondFactorRoles ?? [] },
    ...(failed && { failed }),
  })
  options.escalation?.reach(peopleDoor(people))
  const roster = new Roster(journal, recorder, people, config.zone)
  // Not waited for: who asks waits.
  roster.known().catch((error: Error) => log.warn('the roster cannot be read yet', { reason: error.message }))
  const hazards = new Hazards(journal, recorder, config.zone)
  hazards.known().catch((error: Error) => log.warn('the hazards cannot be read yet', { reason: error.message }))
  const hazardNotices = new HazardNotices(journal, recorder, hazards)
  hazardNotices.known().catch((error: Error) => log.warn('the written notices cannot be read yet', { reason: error.message }))
  const falseAlarms = new FalseAlarmHazards({
    ...{ alarmBook, hazards, registry: directory.registry, mode: config.mode, zone: config.zone, clock, log },
  })
  const handovers = new Handovers(journal, recorder, roster.book, {
    ...{ zone: config.zone, from: handoverFrom(dataDir, clock.now()) },
    wasKnown: (shift) => roster.wasKnown(shift),
  })
  handovers.known().catch((error: Error) => log.warn('the handovers cannot be read yet', { reason: error.message }))
  const pairedWalls = await people.walls()
  const walls = new Walls()
  const voice = new Voice({ command: config.voiceCommand ?? null, dir: join(dataDir, 'voice'), clock, log })
  const offices = new Offices(journal, recorder, people, directory.registry)
  offices.known().catch((error: Error) => log.warn('the departments cannot be read yet', { reason: error.message }))
  const audit = new Audit(journal)
  const secondFactor = new SecondFactor(people, recorder, options.clock ?? wallClock)
  const access = new Access(people, pairedWalls, config.openOnLoopback, directory.registry)
  const loginLimit = new LoginLimit(clock)
  const context: Context = {
    ...options,
    clock,
    registry: directory.registry,
    access,
    people,
    secondFactor,
    offices,
    audit,
    loginLimit,
    live,
    recorder,
    verdicts,
    voice,
    walls,
    pairedWalls,
    ruleHistory,
    roster,
    handovers,
    hazards,
    hazardNotices,
    tips: new Tips(join(dataDir, 'tips'), hazards, config.mode),
    showOnWalls: (alarm) => feed.show(alarm),
  }
  const called = new EscalationNotices(options.escalation ?? null, people, clock, options.demo !== undefined)
  const metrics = new Metrics()
  const forget = forgetter(config.personalDataDays ?? null, log, (days) =>
    Promise.all([people.eraseAfter(days), context.tips.eraseAfter(days, clock.now(), recorder)]),
  )
  const app = await openHttp(config, log)
  // The type provider's server is http or https alike from here on.
  const http = app.server as HttpServer
  const strangers = new Strangers(http, config.tls !== null, config.strangersBytes)
  let applied = state.pos
  let answered = 0

  const status = (): PartStatus => ({
    name: 'dashboards',
    ...(people.fault === null
      ? { state: 'ok' }
      : { state: 'down', ...worried(worry('people-unusable', { reason: people.fault })) }),
    figures: {
      watchfire_feed_clients: feed.clients,
      watchfire_feed_resyncs_total: feed.resyncs,
      watchfire_feed_applied_pos: applied,
      watchfire_http_requests_total: answered,
      ...walls.figures(clock.now()),
      ...voice.figures(),
      ...strangers.figures(),
    },
    alarms: [...roster.alarms(clock.now()), ...handovers.alarms(clock.now()), ...offices.alarms()],
  })
  const parts = () => [...options.parts(), status()]
  const tellPlatform = platformTeller(parts, () => clock.now())
  const feed = new LiveFeed({
    walls,
    http,
    access,
    live,
    registry: directory.registry,
    mode: config.mode,
    frame: { jurisdiction: config.jurisdiction, zone: config.zone },
    clock,
    watched: () => options.demo?.watched?.(),
    loggedIn: (socket) => strangers.leave(socket),
    beat: () => {
      forget(clock.now())
      const { receiving, detail, notices } = tellPlatform()
      feed.publish([
        ...live.setPlatform(receiving, detail, [
          ...notices,
          ...walls.notices(clock.now()),
          ...handovers.notices(clock.now()),
          ...called.notices(),
          ...windowNotices(live.windows.all(), clock.now()),
          ...ruleNotices(ruleHistory.unreviewed()),
        ]),
        ...live.look(clock.now()),
      ])
    },
  })
  people.left = (who) => feed.end(who)
  pairedWalls.left = (who) => feed.end(who)
  // Not waited for: what is recorded meanwhile is shown, the rest as soon as it is known.
  for (const mode of modes) {
    options.measures?.risks(mode).then(
      (risks) => feed.publish(live.loadRisks(risks)),
      (error: Error) => log.warn('risk is shown as it changes', { mode, reason: error.message }),
    )
  }

  app.addHook('onResponse', (request, reply, done) => {
    answered++
    if (reply.statusCode < 300 && strangers.has(request.socket)) {
      // A token of a device in the path counts as well as a person's.
      const isDevice = request.method === 'POST' && (request.routeOptions.url ?? '').endsWith('/telemetry')
      if (isDevice || access.identify(askedOf(request))) strangers.leave(request.socket)
    }
    metrics.answered(request.method, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  turnStrangersAway(app, context)
  rememberWhence(app)
  healthCalls(app, parts, metrics, config.metricsToken)
  await app.register(
    (api, _options, done) => {
      addCalls(api as unknown as Api, context)
      done()
    },
    { prefix: '/api/v1' },
  )
  await servePages(app, context)
  serveBasemap(app, context)
  routeUpgrades(http, options.upgrades ?? {}, strangers)
  strangers.limitUnanswered(http)
  await app.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
    throw new BadSetting(
      `http cannot listen on ${config.host}:${config.port} (${error.code}); choose another port, or 0 for a free one, for example WATCHFIRE_HTTP_PORT=8081`,
      { setting: 'WATCHFIRE_HTTP_PORT' },
    )
  })

  falseAlarms.begin()

  return {
    url: urlOf(http.address() as AddressInfo, config.tls !== null),
    apply(batch) {
      const changes: StateChange[] = live.damaged(batch.damaged, batch.clock)
      for (const entry of batch.entries) {
        changes.push(...live.apply(entry))
        ruleHistory.apply(entry)
        roster.apply(entry)
        offices.apply(entry)
        audit.apply(entry)
        handovers.apply(entry)
        hazards.apply(entry)
        hazardNotices.apply(entry)
        if (entry.kind === 'alarm.changed' || entry.kind === 'action.refused') verdicts.take(readRecordEntry(entry))
      }
      for (const change of changes) falseAlarms.take(change)
      if (changes.length > 0) feed.publish(changes)
      applied = batch.next
      recorder.reached(batch.next)
      options.replays?.reached(batch.next, batch.clock)
    },
    status,
    async stop() {
      called.stop()
      await feed.close()
      await app.close()
      await people.close()
    },
  }
}

function addCalls(api: Api, context: Context): void {
  sessionCalls(api, context)
  userCalls(api, context)
  ownCalls(api, context)
  deskViewCalls(api, context)
  officeCalls(api, context)
  personalDataCalls(api, context)
  auditCalls(api, context)
  placeCalls(api, context)
  deviceCalls(api, context)
  importCalls(api, context)
  readingCalls(api, context)
  readingAtCalls(api, context)
  exportCalls(api, context)
  if (context.proof) evidenceCalls(api, context, context.proof)
  alarmContactCalls(api, context)
  alarmLadderCalls(api, context, context.escalation ?? null)
  receivedCalls(api, context)
  ladderPlaceCalls(api, context, context.escalation ?? null)
  wallShowCalls(api, context)
  if (context.replays) wallAtCalls(api, context, context.replays)
  alarmCalls(api, context)
  photoCalls(api, context)
  hazardNoticeCalls(api, context)
  hazardCalls(api, context)
  tipCalls(api, context)
  rosterCalls(api, context)
  handoverCalls(api, context)
  ruleCalls(api, context)
  ruleHistoryCalls(api, context)
  proposalCalls(api, context)
  windowCalls(api, context)
  quarantineCalls(api, context)
  mapCalls(api, context)
  fenceCalls(api, context)
  pairingCalls(api, context)
  voiceCalls(api, context)
  startCalls(api, context)
  if (context.escalation) escalationCalls(api, context, context.escalation)
  if (context.callbacks) callbackCalls(api, context.callbacks)
  if (context.telemetry) telemetryCalls(api, context.telemetry, context.registry)
  if (context.measures) {
    riskCalls(api, context, context.measures)
    kpiCalls(api, context, context.measures)
    reportCalls(api, context, context.measures)
  }
  if (context.backtests) backtestCalls(api, context, context.backtests)
  if (context.demo) demoCalls(api, context, context.demo)
}

/** Every hour: what is of a person and was needed long enough ago is deleted. */
function forgetter(days: number | null, log: Log, erase: (days: number) => Promise<unknown>) {
  let lookedAt = 0
  return (now: number): void => {
    if (days === null || now - lookedAt < 3_600_000) return
    lookedAt = now
    erase(days).catch((error: Error) => log.warn('personal data due to go is still there', { reason: error.message }))
  }
}

/** Remembers since when each part has not been well. */
function platformTeller(parts: () => PartStatus[], now: () => number) {
  const since = new Map<string, number>()
  return () => {
    const all = parts()
    for (const { name, state } of all) {
      if (state === 'ok') since.delete(name)
      else if (!since.has(name)) since.set(name, now())
    }
    return platformNotices(all, (name) => since.get(name) ?? now())
  }
}

/** Upgrades that are not socket.io's go to whoever speaks that path; the rest is refused rather than left hanging. */
function routeUpgrades(http: HttpServer, handlers: Record<string, UpgradeHandler>, strangers: Strangers): void {
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? '').split('?')[0]!
    if (path.startsWith('/socket.io')) return strangers.watch(request.socket, socket)
    const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined
    if (handler) {
      strangers.leave(request.socket)
      return handler(request, socket, head)
    }
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
}

const urlOf = ({ address, port, family }: AddressInfo, secure: boolean): string =>
  `${secure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
