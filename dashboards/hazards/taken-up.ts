/** What an officer says of a tip while they write it; `where` is `zone:<id>`, `site:<id>`, or words where no place is known. */
export type TakenUp = { description: string; category: string; where: string }

export function takenUpBody({ description, category, where }: TakenUp): Record<string, string> {
  const [, kind, id] = /^(zone|site):(.+)$/.exec(where) ?? []
  return {
    ...(description.trim() !== '' && { description: description.trim() }),
    ...(category !== '' && { category }),
    ...(kind && id ? { [`${kind}Id`]: id } : where.trim() !== '' && { place: where.trim() }),
  }
}
