import { Type } from 'typebox'
import { NotFound } from '../../core/errors.ts'
import { startSteps, type StartFacts, type StartState, type StartStep, type StartView } from '../../core/start.ts'
import { defaultMap, readBasemap } from '../basemap.ts'
import { callerOf, type Api, type Context } from '../context.ts'
import { may } from '../rights.ts'
import { StartSteps } from '../start-steps.ts'

/** The name a deployment has that nobody has named. */
const UNNAMED = '烽燧'
const SkipSchema = Type.Object({ skipped: Type.Boolean() }, { additionalProperties: false })

/** The first login: what is done is read from what is there (ux.md B). */
export function startCalls(app: Api, context: Context): void {
  const { clock, config, escalation, offices, people, recorder, registry, roster } = context
  const steps = new StartSteps(context.journal, recorder)
  const tags = ['start']

  const factsFor = async (personId: string): Promise<StartFacts> => {
    await Promise.all([offices.known(), roster.known()])
    const map = await readBasemap(config.map ?? defaultMap)
    const devices = [...registry.devices.values()].filter(({ retiredAt }) => retiredAt === null)
    const places = devices.flatMap(({ latitude, longitude }) =>
      latitude === null || longitude === null ? [] : [{ latitude, longitude }],
    )
    const staff = people.list().filter(({ disabled, role }) => !disabled && may(role, 'act'))
    const regions = roster.book.regions()
    const facts = (await escalation?.escalationFacts()) ?? null
    const tests = ((await escalation?.myPushes(personId)) ?? []).filter(({ message }) => message === 'test')
    const sentAt = tests.length === 0 ? null : Math.max(...tests.map(({ at }) => at))
    return {
      jurisdiction: {
        name: config.jurisdiction,
        isSet: config.jurisdiction !== UNNAMED,
        regions: offices.book.regions.size,
      },
      map: {
        isOwn: !map.fictional,
        files: map.files.length,
        centre: middleOf(places),
        placed: places.length,
        unplaced: devices.length - places.length,
      },
      duty: {
        hasRoster: regions.length > 0,
        isWatched: regions.some((region) => roster.book.onDuty(region, clock.now()) !== null),
        people: staff.length,
        reachable: staff.filter(({ contact }) => contact.phone !== null).length,
      },
      import: {
        enterprises: [...registry.enterprises.values()].filter(({ retiredAt }) => retiredAt === null).length,
        devices: devices.length,
      },
      push: {
        hasChannels: facts?.hasChannels ?? false,
        answered: people.list().filter(({ contact }) => contact.armedAt !== null).length,
        sentAt,
        messageIds: tests.filter(({ at, answered }) => at === sentAt && !answered).map(({ id }) => id),
      },
    }
  }
  const view = async (personId: string): Promise<StartView> => {
    const [facts, skipped] = [await factsFor(personId), await steps.skipped()]
    const stateOf = (name: StartStep): StartState => (isDone[name](facts) ? 'done' : skipped.has(name) ? 'skipped' : 'open')
    const shown = startSteps.map((name) => ({ name, state: stateOf(name) }))
    return { steps: shown, facts, isOver: shown.every(({ state }) => state !== 'open') }
  }

  app.get('/start', { schema: { tags, summary: 'The steps of the first login, as the platform stands' } }, async (request) =>
    view(callerOf(context, request, 'govern').id),
  )

  app.put(
    '/start/:step',
    {
      schema: {
        tags,
        summary: 'Leave a step out knowingly, or take it up again',
        params: Type.Object({ step: Type.Enum([...startSteps]) }),
        body: SkipSchema,
      },
    },
    async (request) => {
      const caller = callerOf(context, request, 'govern')
      await steps.set(request.params.step, request.body.skipped, caller.id)
      return view(caller.id)
    },
  )

  app.post(
    '/push/test',
    { schema: { tags, summary: 'Send myself a test message by every way there is to me' } },
    async (request) => {
      const caller = callerOf(context, request, 'act')
      if (!escalation) throw new NotFound('nothing is pushed from here')
      return { messages: await escalation.testPerson(caller.id) }
    },
  )
}

const isDone: Record<StartStep, (facts: StartFacts) => boolean> = {
  jurisdiction: ({ jurisdiction }) => jurisdiction.isSet && jurisdiction.regions > 0,
  map: ({ map }) => map.isOwn && map.centre !== null,
  duty: ({ duty }) => duty.hasRoster && duty.isWatched,
  import: ({ import: { enterprises, devices } }) => enterprises > 0 && devices > 0,
  push: ({ push }) => push.answered > 0,
}

/** The middle of the box around places: where maps open. */
function middleOf(places: { latitude: number; longitude: number }[]): { latitude: number; longitude: number } | null {
  if (places.length === 0) return null
  const middle = (values: number[]) => (values.reduce((a, b) => Math.min(a, b)) + values.reduce((a, b) => Math.max(a, b))) / 2
  return { latitude: middle(places.map((one) => one.latitude)), longitude: middle(places.map((one) => one.longitude)) }
}
