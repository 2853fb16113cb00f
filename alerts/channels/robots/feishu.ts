import { createHmac } from 'node:crypto'
import { Type } from 'typebox'
import { type ChannelType, readUrl } from '../channel.ts'
import { common, cutBytes, post, robotText } from './robot.ts'

const ADDRESS = 'https://open.feishu.cn/open-apis/bot/v2/hook/'
const options = Type.Object(
  {
    url: Type.String({
      default: ADDRESS,
      description: 'address without the token; https://open.larksuite.com/… outside China',
    }),
    token: Type.String({ minLength: 8, description: 'the last part of the address the group shows' }),
    secret: Type.String({ minLength: 8, description: 'the secret of 签名校验' }),
    ...common,
  },
  { additionalProperties: false },
)

const TEXT_BYTES = 18_000

/** A robot of a Feishu (飞书) group whose security setting is 签名校验. */
export const feishu: ChannelType<typeof options> = {
  name: 'feishu',
  options,
  secrets: ['token', 'secret'],
  receipts: ['accepted'],
  addressOf: null,
  acknowledge: 'link',
  // 100 a minute and 5 a second are allowed; the second one is kept by asking for one a second.
  quota: { messages: 60, perMs: 60_000 },
  textLimit: 5_000,

  open({ url: given, token, secret, ...limits }, outside) {
    const base = readUrl(given, 'the address of the Feishu robot', ADDRESS)
    const url = new URL(`${base.pathname.replace(/\/$/, '')}/${encodeURIComponent(token)}`, base)
    return {
      send(message, signal) {
        const timestamp = String(Math.floor(outside.now() / 1000))
        // Nothing is signed, with the time and the secret as the key; that is how Feishu has it.
        const sign = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64')
        const content = { text: cutBytes(robotText(message), TEXT_BYTES) }
        return post(
          {
            who: 'Feishu',
            url,
            body: { timestamp, sign, msg_type: 'text', content },
            codeName: 'code',
            codes: {
              // 11232 too fast
              later: [11232],
              // 9499 a body it cannot read, 11246 content too long or not allowed
              refused: [9499, 11246],
              // 19001 no such robot, 19021 signature or clock, 19022 our address, 19024 no key word
              misconfigured: [19001, 19021, 19022, 19024],
            },
            ...limits,
          },
          outside,
          signal,
        )
      },
    }
  },
}
