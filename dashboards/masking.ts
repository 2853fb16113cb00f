import type { Person, PersonContact } from './people-database.ts'

/** `13800001234` as 138****1234: enough to tell two apart, not enough to call. Anything short shows nothing. */
export const maskPhone = (phone: string): string => {
  const digits = phone.replaceAll(/[^0-9]/g, '')
  return digits.length < 8 ? '****' : `${digits.slice(-11, -8)}****${digits.slice(-4)}`
}

export const maskMail = (mail: string): string => `${[...mail][0] ?? ''}***${mail.slice(mail.lastIndexOf('@'))}`

/** 王伟 as 王*: the family name stays, as people address one another. */
export const maskName = (name: string): string => {
  const [first = '', ...others] = name
  return `${first}${'*'.repeat(Math.min(3, others.length))}`
}

/** For those who must know that somebody can be reached, and need not reach them themselves. */
export const maskContact = ({ name, phone, mail, position, addresses, armedAt }: PersonContact): PersonContact => ({
  name: name === null ? null : maskName(name),
  phone: phone === null ? null : maskPhone(phone),
  mail: mail === null ? null : maskMail(mail),
  position,
  addresses: Object.fromEntries(Object.keys(addresses).map((channel) => [channel, '****'])),
  armedAt,
})

export const hasPersonalData = ({ contact: { name, phone, mail, addresses } }: Person): boolean =>
  name !== null || phone !== null || mail !== null || Object.keys(addresses).length > 0
