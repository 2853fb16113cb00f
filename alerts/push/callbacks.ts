import { createHash } from 'node:crypto'
import type { CallbackAnswer, CallbackRequest, ReceiptNews } from '../../core/push.ts'
import { recordDraft } from '../../journal/codec.ts'
import type { Journal } from '../../journal/journal.ts'
import type { ChannelBook } from './channel-book.ts'

const REMEMBERED = 50_000

/** Whose message it was, as far as that is still known: the record then says so. */
export type RecipientOf = (
  channel: string,
  messageId: string | null,
  providerId: string | null,
) => { alarmId?: string; personId?: string | null; messageId: string } | null

/** Callbacks into the record: each thing told once, however often it is told. The provider hears yes only when it is durable. */
export class CallbackDesk {
  #book: Pick<ChannelBook, 'callback'>
  #journal: Pick<Journal, 'append'>
  #recipientOf: RecipientOf
  /** what was told, oldest first */
  #told = new Map<string, Promise<unknown>>()

  constructor(book: Pick<ChannelBook, 'callback'>, journal: Pick<Journal, 'append'>, recipientOf: RecipientOf = () => null) {
    this.#recipientOf = recipientOf
    this.#book = book
    this.#journal = journal
  }

  async receive(channel: string, request: CallbackRequest): Promise<CallbackAnswer> {
    const { news, answer } = this.#book.callback(channel, request)
    await Promise.all(news.map((one) => this.#once(channel, one)))
    return answer
  }

  /** Forgotten when it could not be recorded, so that the provider's next try counts. */
  #once(channel: string, news: ReceiptNews): Promise<unknown> {
    const key = keyOf(channel, news)
    const before = this.#told.get(key)
    if (before) return before
    const recording = this.#journal
      .append([
        recordDraft(
          { kind: 'push.receipt', channel, ...news, ...this.#recipientOf(channel, news.messageId, news.providerId) },
          key,
        ),
      ])
      .catch((error: unknown) => {
        this.#told.delete(key)
        throw error
      })
    this.#told.set(key, recording)
    if (this.#told.size > REMEMBERED) this.#told.delete(this.#told.keys().next().value!)
    return recording
  }
}

/** Neither time nor words make it another thing told. */
const keyOf = (channel: string, { messageId, providerId, receipt }: ReceiptNews): string =>
  `receipt/${createHash('sha256')
    .update(JSON.stringify([channel, messageId, providerId, receipt]))
    .digest('hex')
    .slice(0, 32)}`
