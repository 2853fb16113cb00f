/** A text message as GSM modems take it: SMS-SUBMIT (3GPP TS 23.040 §9.2.2.2) in UCS-2, with the service centre the SIM knows. */
export type Pdu = { hex: string; /** what `AT+CMGS=` names: all octets but those of the service centre */ octets: number }

/** UTF-16 units in a message that stands alone, and in one of several (six octets go to the header that joins them). */
const ALONE = 70
const JOINED = 67

/** Cuts at whole characters: half of a surrogate pair would be shown as a box. What does not fit into `most` parts ends in `…`. */
export function splitText(text: string, most: number): string[] {
  if (text.length <= ALONE) return [text]
  const parts: string[] = ['']
  for (const character of text) {
    if (parts.at(-1)!.length + character.length > JOINED) parts.push('')
    parts[parts.length - 1] += character
  }
  if (parts.length <= most) return parts
  const kept = parts.slice(0, most)
  kept[most - 1] = `${[...kept[most - 1]!].slice(0, -2).join('')}…`
  // A single part has more room than one of several.
  return kept
}

export function submitPdus(phone: string, text: string, reference: number, mostParts: number): Pdu[] {
  const parts = splitText(text, mostParts)
  return parts.map((part, i) => submitPdu(phone, part, parts.length > 1 ? { reference, of: parts.length, at: i + 1 } : null))
}

function submitPdu(phone: string, text: string, joined: { reference: number; of: number; at: number } | null): Pdu {
  const body = Buffer.from(text, 'utf16le').swap16()
  // Concatenated short messages, 8-bit reference (§9.2.3.24.1).
  const header = joined ? Buffer.from([0x05, 0x00, 0x03, joined.reference & 0xff, joined.of, joined.at]) : Buffer.alloc(0)
  const digits = phone.replace('+', '')
  const octets = Buffer.concat([
    // SMS-SUBMIT with a relative validity period; bit 6: a header stands before the text.
    Buffer.from([joined ? 0x51 : 0x11, 0x00, digits.length, phone.startsWith('+') ? 0x91 : 0x81]),
    semiOctets(digits),
    // Protocol 0, UCS-2, valid for an hour ((11 + 1) × 5 min): an old alarm must not ring tomorrow.
    Buffer.from([0x00, 0x08, 0x0b, header.byteLength + body.byteLength]),
    header,
    body,
  ])
  return { hex: `00${octets.toString('hex').toUpperCase()}`, octets: octets.byteLength }
}

function semiOctets(digits: string): Buffer {
  const padded = digits.length % 2 === 0 ? digits : `${digits}F`
  const bytes = padded.match(/../g)!.map((pair) => parseInt(`${pair[1]}${pair[0]}`, 16))
  return Buffer.from(bytes)
}

/** A national or international number; nothing else ever reaches the line. */
export const isPhone = (text: string): boolean => /^\+?\d{5,20}$/.test(text)
