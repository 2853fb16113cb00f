import { Type } from 'typebox'
import { type ChannelType, readUrl } from '../channel.ts'
import { common, cutBytes, post, robotText } from './robot.ts'

const ADDRESS = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send'
const options = Type.Object(
  {
    url: Type.String({
      default: ADDRESS,
      description: "address without the key; another one for a government's own installation",
    }),
    key: Type.String({ minLength: 8, description: 'what stands after `key=` in the address the group shows' }),
    ...common,
  },
  { additionalProperties: false },
)

const TEXT_BYTES = 2048

/** A robot of a WeCom (企业微信) group. Its key is all it checks, so the key is a secret. */
export const wecom: ChannelType<typeof options> = {
  name: 'wecom',
  options,
  secrets: ['key'],
  receipts: ['accepted'],
  addressOf: null,
  acknowledge: 'link',
  quota: { messages: 20, perMs: 60_000 },
  textLimit: 600,

  open({ url: given, key, ...limits }, outside) {
    const url = readUrl(given, 'the address of the WeCom robot', ADDRESS)
    url.searchParams.set('key', key)
    return {
      send: (message, signal) =>
        post(
          {
            who: 'WeCom',
            url,
            body: { msgtype: 'text', text: { content: cutBytes(robotText(message), TEXT_BYTES) } },
            codeName: 'errcode',
            codes: {
              // -1 busy, 45009 more than the quota, 45033 too many at once
              later: [-1, 45009, 45033],
              // 40008 kind of message, 44004 empty, 45002 too long
              refused: [40008, 44004, 45002],
              // 93000 no such robot, 93004 robot switched off, 93008 not in the group
              misconfigured: [93000, 93004, 93008],
            },
            ...limits,
          },
          outside,
          signal,
        ),
    }
  },
}
