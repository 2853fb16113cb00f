/** What a decision is going to ask for: people and enterprises of the contact book, and the written reports that are due. */
export type Wanted = {
  people: string[]
  enterprises: string[]
  /** `from`: where in the record the story of the alarm begins */
  reports: { alarmId: string; from: number }[]
}

export const covers = (known: Wanted, asked: Wanted): boolean =>
  asked.reports.every(({ alarmId }) => known.reports.some((one) => one.alarmId === alarmId)) &&
  asked.people.every((id) => known.people.includes(id)) &&
  asked.enterprises.every((id) => known.enterprises.includes(id))
