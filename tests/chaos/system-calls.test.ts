import { expect, test } from 'vitest'
import { readTrace } from './system-calls.ts'

test('a call cut in two by another thread begins where it began and has returned where it was resumed', () => {
  const trace = [
    String.raw`101 pwrite64(21, "\x57\x46", 2, 0) = 2`,
    '102 fdatasync(21 <unfinished ...>',
    String.raw`101 writev(30, [{iov_base="\x40\x02", iov_len=2}, {iov_base="\x00\x07", iov_len=2}], 2) = 4`,
    '102 <... fdatasync resumed>)            = 0',
    '103 fdatasync(22) = -1 EIO (Input/output error)',
    '103 +++ exited with 0 +++',
  ].join('\n')
  expect(readTrace(trace).map(({ bytes, ...call }) => ({ ...call, bytes: bytes.toString('hex') }))).toEqual([
    { name: 'pwrite64', fd: 21, began: 0, returned: 0, result: 2, bytes: '5746' },
    { name: 'writev', fd: 30, began: 2, returned: 2, result: 4, bytes: '40020007' },
    { name: 'fdatasync', fd: 21, began: 1, returned: 3, result: 0, bytes: '' },
    { name: 'fdatasync', fd: 22, began: 4, returned: 4, result: -1, bytes: '' },
  ])
})
