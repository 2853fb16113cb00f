import type { Static } from 'typebox'
import { Unavailable } from '../../core/errors.ts'
import type { Caller } from '../access.ts'
import { addDevice, changeDevice, type NewDeviceSchema } from '../api/devices.ts'
import { addPlace, changePlace } from '../api/places.ts'
import type { Context } from '../context.ts'
import { randomPassword } from '../short-id.ts'
import type { RowPlan } from './plan.ts'
import type { PersonWish } from './plan-people.ts'
import type { PlaceWish } from './plan-places.ts'
import { personColumn } from './person-columns.ts'
import { refused } from './saying.ts'
import { breath } from './sheet.ts'

/** So many writes wait for the disk together: they share its flushes, and what came in meanwhile is answered. */
const AT_ONCE = 64

/** What a row gave that is told only once. */
export type Given = { id: string; username?: string; secret?: string }
export type Done<Wish> = Map<RowPlan<Wish>, Given>

/** Places first, then what stands in them; each by the same call as one made by hand, so all of them are checked once more. */
export async function applyDevices(
  context: Context,
  caller: Caller,
  plans: readonly RowPlan<PlaceWish>[],
): Promise<Done<PlaceWish>> {
  const done: Done<PlaceWish> = new Map()
  for (const entity of ['enterprise', 'site', 'zone', 'device'] as const) {
    const all = plans.flatMap((plan) => plan.wishes.filter((wish) => wish.entity === entity).map((wish) => ({ plan, wish })))
    await inSlices(all, async ({ plan, wish: { id, isNew, given } }) => {
      if (plan.state === 'bad') return
      if (entity !== 'device') await (isNew ? addPlace : changePlace)(context, caller.id, entity, id, given)
      else if (isNew) {
        const { token } = await addDevice(context, caller.id, id, given as Static<typeof NewDeviceSchema>)
        done.set(plan, { id, secret: token })
      } else {
        await changeDevice(context, caller, id, given)
        done.set(plan, { id })
      }
    })
  }
  return done
}

/** One after the other: a password's hash takes its time, and takes it alone. */
export async function applyPeople(
  { people, offices }: Context,
  caller: Caller,
  plans: readonly RowPlan<PersonWish>[],
): Promise<Done<PersonWish>> {
  const done: Done<PersonWish> = new Map()
  const joining = new Map<string, { plan: RowPlan<PersonWish>; id: string }[]>()
  const all = plans.flatMap((plan) => plan.wishes.map((wish) => ({ plan, wish })))
  await inSlices(
    all,
    async ({ plan, wish: { id: known, add, change, departmentId } }) => {
      const password = randomPassword()
      const person =
        known === null ? await people.add({ ...add, password, mustChangePassword: true }, caller.id) : people.person(known)!
      done.set(plan, { id: person.id, username: person.username, ...(known === null && { secret: password }) })
      if (Object.keys(change).length > 0) await people.change(person.id, change, caller.id)
      if (departmentId !== null) joining.set(departmentId, [...(joining.get(departmentId) ?? []), { plan, id: person.id }])
    },
    1,
  )
  for (const [departmentId, those] of joining) {
    const { version, personIds } = offices.book.departments.get(departmentId)!
    try {
      await offices.change(
        departmentId,
        version,
        { personIds: [...new Set([...personIds, ...those.map(({ id }) => id)])] },
        caller.id,
      )
    } catch (error) {
      for (const { plan } of those) plan.notes.push(refused(error, () => personColumn('unit')).says)
    }
  }
  return done
}

type Job<Wish> = { plan: RowPlan<Wish>; wish: Wish }

/** What is refused makes its row a bad one. When nothing can be written any more the rest is not tried. */
async function inSlices<Wish>(jobs: Job<Wish>[], work: (job: Job<Wish>) => Promise<void>, atOnce = AT_ONCE): Promise<void> {
  let stopped: unknown = null
  for (let at = 0; at < jobs.length; at += atOnce) {
    const slice = jobs.slice(at, at + atOnce)
    const ended =
      stopped === null
        ? await Promise.allSettled(slice.map(work))
        : slice.map(() => ({ status: 'rejected' as const, reason: stopped }))
    for (const [i, one] of ended.entries()) {
      if (one.status === 'fulfilled') continue
      if (one.reason instanceof Unavailable) stopped = one.reason
      const { plan } = slice[i]!
      plan.faults.push(refused(one.reason, () => undefined))
      plan.state = 'bad'
    }
    await breath()
  }
}
