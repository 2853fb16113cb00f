/** A connection's place among those nobody knows yet. */
export interface Place {
  /** What it has sent and we hold so far, besides what the connection itself costs. */
  hold(bytes: number): void
  /** It has done something that counts: others go first. */
  renew(): void
  /** It has said who it is, or it is gone. */
  leave(): void
}

/**
 * Connections of strangers, who together hold at most so much memory. When it is full the one that has waited longest
 * goes, provided it had time to say who it is; otherwise the newcomer is turned away. So however many sockets somebody
 * opens in silence, whoever logs in at once finds room.
 */
export class WaitingRoom {
  turnedAway = 0
  bytes = 0
  #maxBytes: number
  #graceMs: number
  #now: () => number
  /** longest waiting first */
  #places = new Set<StrangersPlace>()

  /** `now` is monotonic. */
  constructor(maxBytes: number, graceMs: number, now: () => number) {
    this.#maxBytes = maxBytes
    this.#graceMs = graceMs
    this.#now = now
  }

  get count(): number {
    return this.#places.size
  }

  /** `cost` is what the connection takes in memory before it has sent anything. Null: there is no room. */
  enter(cost: number, turnAway: () => void): Place | null {
    while (this.bytes + cost > this.#maxBytes) {
      const [oldest] = this.#places
      if (!oldest || this.#now() - oldest.since < this.#graceMs) {
        this.turnedAway++
        return null
      }
      this.#turnAway(oldest)
    }
    const place = new StrangersPlace(this, cost, turnAway, this.#now())
    this.#places.add(place)
    this.bytes += cost
    return place
  }

  hold(place: StrangersPlace, bytes: number): void {
    if (!this.#places.has(place)) return
    this.bytes += bytes - place.held
    place.held = bytes
    // Whoever sends the byte too many is not always the one to blame, the one that waits longest mostly is.
    while (this.bytes > this.#maxBytes) this.#turnAway(this.#places.values().next().value!)
  }

  renew(place: StrangersPlace): void {
    if (!this.#places.delete(place)) return
    place.since = this.#now()
    this.#places.add(place)
  }

  leave(place: StrangersPlace): void {
    if (this.#places.delete(place)) this.bytes -= place.cost + place.held
  }

  #turnAway(place: StrangersPlace): void {
    this.turnedAway++
    this.leave(place)
    place.turnAway()
  }
}

class StrangersPlace implements Place {
  held = 0
  since: number
  readonly cost: number
  readonly turnAway: () => void
  #room: WaitingRoom

  constructor(room: WaitingRoom, cost: number, turnAway: () => void, since: number) {
    this.#room = room
    this.cost = cost
    this.turnAway = turnAway
    this.since = since
  }

  hold(bytes: number): void {
    this.#room.hold(this, bytes)
  }

  renew(): void {
    this.#room.renew(this)
  }

  leave(): void {
    this.#room.leave(this)
  }
}
