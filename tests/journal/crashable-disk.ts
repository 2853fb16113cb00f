import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { realDisk, type Disk, type DiskFile } from '../../journal/disk.ts'

type Op = 'open' | 'write' | 'sync' | 'name'
type Fault = { op: Op; code: string; times: number }
type Change = { offset: number; bytes: Buffer } | { length: number }
/** What a file holds on the platter, and what has been changed since. */
type Inode = { durable: Buffer; pending: Change[] }

const SECTOR = 512

/**
 * A real disk with a memory of what was flushed. `kill` ends the process and keeps the page cache; `cutPower` takes away what
 * was not flushed, all of it or any part, out of order; names made, changed and removed come undone from the last backwards.
 * It can be full, failing and slow, and after a failed flush it has forgotten what it did not write, as Linux does.
 */
export class CrashableDisk implements Disk {
  faults: Fault[] = []
  /** bytes that may still be written before ENOSPC; a write that does not fit is cut short */
  room = Infinity
  syncMs = 0
  syncs = 0
  /** operations until the process dies by itself */
  livesFor = Infinity
  readonly death: Promise<void>
  /** what the kernel was doing for the process when it died; it finishes that, before anybody else starts */
  #underWay = new Set<Promise<unknown>>()
  #dead = false
  #die: () => void
  #inodes = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  #pendingNames: { path: string; apply: (names: Map<string, Inode>) => void }[] = []

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.death = promise
    this.#die = resolve
  }

  /** Nothing the old process asked for happens any more. */
  kill(): void {
    this.#dead = true
    this.#die()
  }

  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }

  async #real<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  /** Call when it is `idle`. `keeps(i)` says of each sector and name that was not flushed whether it had reached the platter all the same. */
  cutPower(keeps: (piece: number) => boolean): void {
    this.kill()
    let piece = 0
    for (const { apply } of this.#pendingNames) {
      if (!keeps(piece++)) break
      apply(this.#durableNames)
    }
    for (const path of this.#inodes.keys()) rmSync(path, { force: true })
    for (const [path, { durable, pending }] of this.#durableNames) {
      let image = durable
      for (const change of pending) {
        if ('length' in change) image = keeps(piece++) ? changed(image, change) : image
        else
          for (let at = 0; at < change.bytes.length; at += SECTOR) {
            const bytes = change.bytes.subarray(at, at + SECTOR)
            if (keeps(piece++)) image = changed(image, { offset: change.offset + at, bytes })
          }
      }
      writeFileSync(path, image)
    }
  }

  async open(path: string): Promise<DiskFile> {
    await this.#step('open')
    const isNew = !existsSync(path)
    const inode = this.#inodes.get(path) ?? { durable: isNew ? Buffer.alloc(0) : readFileSync(path), pending: [] }
    const file = await this.#real(realDisk.open(path))
    this.#inodes.set(path, inode)
    if (isNew) this.#pendingNames.push({ path, apply: (names) => names.set(path, inode) })
    else if (!this.#pendingNames.some((one) => one.path === path)) this.#durableNames.set(path, inode)
    return {
      write: async (bytes, offset) => {
        await this.#step('write')
        const fits = Buffer.from(bytes.subarray(0, Math.min(bytes.byteLength, Math.max(0, this.room))))
        this.room -= fits.length
        await this.#real(file.write(fits, offset))
        inode.pending.push({ offset, bytes: fits })
        if (fits.length < bytes.byteLength) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
      sync: async () => {
        if (this.syncMs > 0) await new Promise((resolve) => setTimeout(resolve, this.syncMs))
        const flushing = inode.pending
        await this.#step('sync').catch((error: unknown) => {
          inode.pending = flushing.filter((change) => 'length' in change)
          throw error
        })
        this.syncs++
        inode.durable = flushing.reduce(changed, inode.durable)
        inode.pending = inode.pending.filter((change) => !flushing.includes(change))
      },
      truncate: async (length) => {
        await this.#step('open')
        await this.#real(file.truncate(length))
        inode.pending.push({ length })
      },
      close: () => file.close(),
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('name')
    await this.#real(realDisk.rename(from, to))
    const inode = this.#inodes.get(from)!
    this.#inodes.set(to, inode)
    const apply = (names: Map<string, Inode>) => {
      names.delete(from)
      names.set(to, inode)
    }
    this.#pendingNames.push({ path: to, apply })
  }

  async remove(path: string): Promise<void> {
    await this.#step('name')
    await this.#real(realDisk.remove(path))
    this.#pendingNames.push({ path, apply: (names) => names.delete(path) })
    if (!this.#inodes.has(path)) this.#durableNames.delete(path)
  }

  async syncDir(path: string): Promise<void> {
    await this.#step('sync')
    const ripe = this.#pendingNames.filter((one) => dirname(one.path) === path)
    for (const { apply } of ripe) apply(this.#durableNames)
    this.#pendingNames = this.#pendingNames.filter((one) => !ripe.includes(one))
  }

  async #step(op: Op): Promise<void> {
    if (this.livesFor-- <= 0) this.kill()
    if (this.#dead) await new Promise(() => undefined)
    const fault = this.faults.find((one) => one.op === op)
    if (!fault) return
    if (--fault.times <= 0) this.faults = this.faults.filter((one) => one !== fault)
    throw Object.assign(new Error(`the disk says ${fault.code}`), { code: fault.code })
  }
}

function changed(image: Buffer, change: Change): Buffer {
  if ('length' in change)
    return change.length <= image.length
      ? Buffer.from(image.subarray(0, change.length))
      : Buffer.concat([image, Buffer.alloc(change.length - image.length)])
  const end = change.offset + change.bytes.length
  const bigger = end > image.length ? Buffer.concat([image, Buffer.alloc(end - image.length)]) : Buffer.from(image)
  change.bytes.copy(bigger, change.offset)
  return bigger
}
