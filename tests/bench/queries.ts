import { Agent, request } from 'node:http'
import { quantile } from './load.ts'

/**
 * The asking end, on the client's core: `queries.ts` reads a QuerySpec from stdin and prints a QueryResult. One kept-alive
 * connection, one question at a time, the whole answer read.
 */
export type QuerySpec = { http: string; session: string; groups: { name: string; paths: string[] }[] }
export type QueryResult = { groups: { name: string; p50Ms: number; p95Ms: number; bytes: number }[] }

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

const get = (url: string, session: string) =>
  new Promise<string>((resolve, reject) => {
    const sent = request(url, { agent, headers: { authorization: `Bearer ${session}` } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8')
        if (answer.statusCode === 200) resolve(text)
        else reject(new Error(`${url}: ${answer.statusCode} ${text}`))
      })
    })
    sent.on('error', reject).end()
  })

async function ask({ http, session, groups }: QuerySpec): Promise<QueryResult> {
  const result: QueryResult = { groups: [] }
  for (const { name, paths } of groups) {
    const times: number[] = []
    let bytes = 0
    for (const path of paths) {
      const began = performance.now()
      const text = await get(http + path, session)
      times.push(performance.now() - began)
      bytes = Math.max(bytes, text.length)
      if ((JSON.parse(text) as { series: unknown[] }).series.length === 0) throw new Error(`${path} found nothing`)
    }
    times.sort((a, b) => a - b)
    result.groups.push({ name, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), bytes })
  }
  return result
}

if (process.argv[1]?.endsWith('/queries.ts')) {
  let input = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk as string
  process.stdout.write(`${JSON.stringify(await ask(JSON.parse(input) as QuerySpec))}\n`)
  process.exit(0)
}
