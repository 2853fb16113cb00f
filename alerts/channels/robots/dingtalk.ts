import { createHmac } from 'node:crypto'
import { Type } from 'typebox'
import { type ChannelType, readUrl } from '../channel.ts'
import { common, cutBytes, post, robotText } from './robot.ts'

const ADDRESS = 'https://oapi.dingtalk.com/robot/send'
const options = Type.Object(
  {
    url: Type.String({
      default: ADDRESS,
      description: "address without the token; another one for a government's own installation",
    }),
    accessToken: Type.String({ minLength: 8, description: 'what stands after `access_token=` in the address the group shows' }),
    secret: Type.String({ minLength: 8, description: 'the secret of 加签, `SEC…`' }),
    ...common,
  },
  { additionalProperties: false },
)

const TEXT_BYTES = 18_000

/** A robot of a DingTalk (钉钉) group whose security setting is 加签: every request is signed with its own time. */
export const dingtalk: ChannelType<typeof options> = {
  name: 'dingtalk',
  options,
  secrets: ['accessToken', 'secret'],
  receipts: ['accepted'],
  addressOf: null,
  acknowledge: 'link',
  // Above it DingTalk takes nothing for ten minutes.
  quota: { messages: 20, perMs: 60_000 },
  textLimit: 5_000,

  open({ url: given, accessToken, secret, ...limits }, outside) {
    const base = readUrl(given, 'the address of the DingTalk robot', ADDRESS)
    return {
      send(message, signal) {
        const timestamp = String(outside.now())
        const url = new URL(base)
        url.searchParams.set('access_token', accessToken)
        url.searchParams.set('timestamp', timestamp)
        // The string to sign ends with the secret it is signed with; that is how DingTalk has it.
        url.searchParams.set('sign', createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'))
        return post(
          {
            who: 'DingTalk',
            url,
            body: { msgtype: 'text', text: { content: cutBytes(robotText(message), TEXT_BYTES) } },
            codeName: 'errcode',
            codes: {
              // -1 busy, 130101 and 410100 too fast
              later: [-1, 130101, 410100],
              // 400013 no such group, 430101..430104 unsafe or unfit content, 460101 too long
              refused: [430101, 430102, 430103, 430104, 460101],
              // 300001 and 400101 no such token, 400102 switched off, 310000 signature, key word or address not allowed
              misconfigured: [300001, 400013, 400101, 400102, 310000],
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
