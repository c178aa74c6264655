/**
 * A model of the alerts that is written from the laws alone and shares no code with the library: it keeps the plain list
 * of errors, and recounts everything at each instant at which anything can change.
 *
 * Times are whole seconds. A count falls just after an error has turned exactly as old as the window.
 */

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

/** One limit in force. Limits of one `name` continue one another when the limits change. */
export interface Limit {
  readonly name: string
  /** Undefined: the errors of all codes. */
  readonly code: string | undefined
  /** Undefined: all errors together; otherwise the errors of each symbol. */
  readonly bySymbol: boolean
  /** Is this a limit of a code, which its verdict reads? */
  readonly isVerdict: boolean
  readonly window: number
  readonly limit: number
  readonly recovered: number
}

// ---------------------------------------------------------------------------------------------------------------------
// histories
// ---------------------------------------------------------------------------------------------------------------------

export interface Failure {
  readonly at: number
  readonly code: string
  readonly symbol: string
}

/** One edge, or the replay of an active alert. */
export interface Edge {
  readonly tag: "Fired" | "Escalated" | "Resolved"
  readonly name: string
  readonly id: number
  readonly at: number
  readonly count: number
  readonly limit: number
  readonly replayed: boolean
  readonly values: ReadonlyArray<string> | undefined
  /** Only of a Resolved. */
  readonly since: number | undefined
  readonly peak: number | undefined
  readonly reason: string | undefined
}

interface Active {
  readonly id: number
  readonly since: number
  peak: number
  /** How often the count has doubled beyond the limit. */
  level: number
  /** The values that have exceeded the limit and not recovered since. */
  exceeding: Set<string>
  /** How many values the last edge named. */
  named: number
  last: Edge
  limit: Limit
}

export interface Saved {
  readonly at: number
  readonly failures: ReadonlyArray<Failure>
  readonly active: ReadonlyMap<string, Active>
}

const copyOf = (active: ReadonlyMap<string, Active>): Map<string, Active> =>
  new Map(Array.from(active, ([name, alert]) => [name, { ...alert, exceeding: new Set(alert.exceeding) }]))

const doublings = (limit: number, count: number): number => {
  let level = 0
  while (count > Math.max(1, limit) * 2 ** (level + 1)) level++
  return level
}

let ids = 0

/** What one process does: one tracker, and one subscriber that is there from the start. */
export class Model {
  private limits: ReadonlyArray<Limit>
  private failures: Array<Failure> = []
  private active = new Map<string, Active>()
  private now: number
  private readonly resolved = new Set<number>()
  /** What the subscriber gets, grouped by the step of the history that happened last before. */
  readonly edges: Array<Array<Edge>> = [[]]

  constructor(limits: ReadonlyArray<Limit>, now: number) {
    this.limits = limits
    this.now = now
  }

  // -------------------------------------------------------------------------------------------------------------------
  // steps
  // -------------------------------------------------------------------------------------------------------------------

  /** Time passes up to `now`: everything that ended before then ended when it ended. */
  passTo(now: number): void {
    this.expire(this.active, this.failures, now, (edge) => this.emit(edge))
    this.now = now
    this.edges.push([])
  }

  fail(failure: Omit<Failure, "at">): void {
    this.failures.push({ ...failure, at: this.now })
    for (const limit of this.limits) {
      if (limit.code !== undefined && limit.code !== failure.code) continue
      const value = limit.bySymbol ? failure.symbol : ""
      const count = this.count(limit, value, this.failures, this.now)
      const alert = this.active.get(limit.name)
      if (alert !== undefined) alert.peak = Math.max(alert.peak, count)
      if (count <= limit.limit) continue
      const exceeding = new Set([...alert?.exceeding ?? [], value])
      const worst = this.worst(limit, exceeding, this.failures, this.now)
      if (alert === undefined) this.fire(limit, exceeding, worst)
      else {
        const level = Math.max(alert.level, doublings(limit.limit, worst))
        const spread = limit.bySymbol && exceeding.size >= alert.named * 2
        const steps = Math.max(level - alert.level, spread ? 1 : 0)
        alert.level = level
        alert.exceeding = exceeding
        for (let i = 0; i < steps; i++) this.news("Escalated", alert, worst)
      }
    }
  }

  setLimits(limits: ReadonlyArray<Limit>): void {
    this.limits = limits
    const { ended, started } = this.adopt(this.active, this.failures)
    for (const edge of ended) this.emit(edge)
    started()
  }

  reset(): void {
    for (const alert of this.active.values()) this.emit(this.end(alert, this.now, 0, "withdrawn"))
    this.active.clear()
    this.failures = []
  }

  snapshot(): Saved {
    return { at: this.now, failures: [...this.failures], active: copyOf(this.active) }
  }

  /** Goes on from a snapshot: time has passed since it was taken, and other limits may be in force now. */
  restore(saved: Saved): void {
    const before = this.active
    const active = copyOf(saved.active)
    const replays = Array.from(active.values(), ({ last, limit }) => ({ ...last, limit: limit.limit, replayed: true }))
    const ended: Array<Edge> = []
    this.failures = [...saved.failures]
    this.expire(active, this.failures, this.now, (edge) => ended.push(edge))
    this.active = active
    const adopted = this.adopt(active, this.failures)
    ended.push(...adopted.ended)
    // The subscriber knows what was active in this process.
    const known = new Set(Array.from(before.values(), ({ id }) => id))
    const ids = new Set(Array.from(active.values(), ({ id }) => id))
    for (const alert of before.values()) {
      if (!ids.has(alert.id)) this.emit(this.end(alert, this.now, 0, "withdrawn"))
    }
    for (const replay of replays) {
      if (known.has(replay.id)) continue
      const end = ended.find(({ id }) => id === replay.id)
      if (end === undefined) this.emit(this.replay(active.get(replay.name)!))
      else if (!this.resolved.has(replay.id)) {
        this.emit(replay)
        this.emit(end)
      }
    }
    for (const alert of before.values()) {
      const same = active.get(alert.limit.name)
      if (same?.id === alert.id) same.level = Math.max(same.level, alert.level)
    }
    adopted.started()
  }

  /** A subscriber comes: it gets what is active. Only for a process without a subscriber so far. */
  subscribe(): void {
    this.edges.length = 0
    this.edges.push(Array.from(this.active.values(), (alert) => this.replay(alert)))
  }

  // -------------------------------------------------------------------------------------------------------------------
  // reads
  // -------------------------------------------------------------------------------------------------------------------

  get activeNames(): ReadonlyArray<string> {
    return Array.from(this.active.keys()).sort()
  }

  /** The exceeded limit with the shortest window. */
  verdict(code: string): { readonly window: number; readonly limit: number; readonly count: number } | undefined {
    const exceeded = this.limits
      .filter((limit) => limit.isVerdict && limit.code === code)
      .map(({ limit, window }) => ({ window, limit, count: this.countOf(code, window) }))
      .filter(({ count, limit }) => count > limit)
    const shortest = Math.min(...exceeded.map(({ window }) => window))
    return exceeded.find(({ window }) => window === shortest)
  }

  private countOf(code: string, window: number): number {
    return this.failures.filter((failure) => failure.code === code && this.now - failure.at <= window).length
  }

  // -------------------------------------------------------------------------------------------------------------------
  // internal
  // -------------------------------------------------------------------------------------------------------------------

  private count({ bySymbol, code, window }: Limit, value: string, failures: ReadonlyArray<Failure>, now: number) {
    return failures.filter((failure) =>
      (code === undefined || failure.code === code) && (!bySymbol || failure.symbol === value) &&
      now - failure.at <= window
    ).length
  }

  private worst(limit: Limit, values: Iterable<string>, failures: ReadonlyArray<Failure>, now: number): number {
    return Math.max(0, ...Array.from(values, (value) => this.count(limit, value, failures, now)))
  }

  /** Ends what falls to where its limit has recovered, each at the instant at which that becomes true, before `until`. */
  private expire(
    active: Map<string, Active>,
    failures: ReadonlyArray<Failure>,
    until: number,
    ended: (edge: Edge) => void
  ): void {
    const instants = new Set<number>()
    for (const { limit } of active.values()) for (const { at } of failures) instants.add(at + limit.window)
    for (const instant of Array.from(instants).filter((at) => at < until).sort((a, b) => a - b)) {
      for (const [name, alert] of active) {
        const { limit } = alert
        // Just after the instant: what is exactly as old as the window is out of it.
        const left = Array.from(alert.exceeding, (value) => ({
          value,
          count: this.count({ ...limit, window: limit.window - 0.001 }, value, failures, instant)
        })).filter(({ count }) => count <= limit.recovered)
        for (const { value } of left) alert.exceeding.delete(value)
        if (left.length === 0 || alert.exceeding.size > 0) continue
        active.delete(name)
        ended(this.end(alert, instant, Math.max(...left.map(({ count }) => count)), "recovered"))
      }
    }
  }

  /** Holds what is active against the limits in force: what that ends, and what to do to start what is news. */
  private adopt(active: Map<string, Active>, failures: ReadonlyArray<Failure>) {
    const ended: Array<Edge> = []
    const isNew = new Set(this.limits.filter(({ name }) => !active.has(name)))
    for (const [name, alert] of active) {
      const limit = this.limits.find((limit) => limit.name === name)
      if (limit === undefined) {
        active.delete(name)
        ended.push(this.end(alert, this.now, 0, "withdrawn"))
        continue
      }
      const isOther = limit.limit !== alert.limit.limit || limit.window !== alert.limit.window
      const values = isOther ? this.values(limit, failures) : alert.exceeding
      const exceeding = Array.from(values).filter((value) =>
        this.count(limit, value, failures, this.now) > (isOther ? limit.limit : limit.recovered)
      )
      const worst = this.worst(limit, exceeding.length > 0 ? exceeding : alert.exceeding, failures, this.now)
      alert.limit = limit
      if (exceeding.length === 0) {
        active.delete(name)
        ended.push(this.end(alert, this.now, worst, "withdrawn"))
        continue
      }
      alert.exceeding = new Set(exceeding)
      if (!isOther) continue
      alert.level = doublings(limit.limit, worst)
      alert.named = exceeding.length
      alert.peak = Math.max(alert.peak, worst)
    }
    const started = () => {
      for (const limit of isNew) {
        const exceeding = new Set(
          Array.from(this.values(limit, failures)).filter((value) =>
            this.count(limit, value, failures, this.now) > limit.limit
          )
        )
        if (exceeding.size > 0) this.fire(limit, exceeding, this.worst(limit, exceeding, failures, this.now))
      }
    }
    return { ended, started }
  }

  private values(limit: Limit, failures: ReadonlyArray<Failure>): Set<string> {
    return new Set(limit.bySymbol ? failures.map(({ symbol }) => symbol) : [""])
  }

  private fire(limit: Limit, exceeding: Set<string>, count: number): void {
    const alert: Active = {
      id: ids++,
      since: this.now,
      peak: count,
      level: doublings(limit.limit, count),
      exceeding,
      named: exceeding.size,
      limit,
      last: undefined!
    }
    this.active.set(limit.name, alert)
    this.news("Fired", alert, count)
    for (let level = 0; level < alert.level; level++) this.news("Escalated", alert, count)
  }

  /** What a subscriber that has not seen an active alert gets. */
  private replay(alert: Active): Edge {
    return { ...alert.last, replayed: true, limit: alert.limit.limit, values: this.named(alert) }
  }

  private named({ exceeding, limit }: Active): ReadonlyArray<string> | undefined {
    if (!limit.bySymbol) return undefined
    return Array.from(exceeding)
      .map((value) => ({ value, count: this.count(limit, value, this.failures, this.now) }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .map(({ value }) => value)
  }

  private news(tag: "Fired" | "Escalated", alert: Active, count: number): void {
    const { id, limit } = alert
    const values = this.named(alert)
    alert.named = alert.exceeding.size
    alert.last = {
      tag,
      name: limit.name,
      id,
      at: this.now,
      count,
      limit: limit.limit,
      replayed: false,
      values,
      since: undefined,
      peak: undefined,
      reason: undefined
    }
    this.emit(alert.last)
  }

  private end({ last, limit, peak, since }: Active, at: number, count: number, reason: string): Edge {
    return { ...last, tag: "Resolved", at, count, limit: limit.limit, since, peak, reason }
  }

  private emit(edge: Edge): void {
    if (edge.tag === "Resolved") this.resolved.add(edge.id)
    this.edges.at(-1)?.push(edge)
  }
}
