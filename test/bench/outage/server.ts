/** A server that has an outage: its answer to a request, and when it comes. No network, no clock: the time is an argument. */

/** What a request ends with, so many milliseconds after it was sent. */
export interface Answer {
  readonly after: number
  readonly status: 200 | 429 | 503 | "refused"
  /** Seconds, with a 429. */
  readonly retryAfter?: number
}

export interface Outage {
  readonly title: string
  /** The same in a word or two. */
  readonly brief: string
  /** How long it lasts, in seconds. */
  readonly seconds: number
  /** Requests a second that a healthy server can work on, and those during the outage if they differ. */
  readonly capacity: number
  readonly capacityDuring?: number
  /**
   * Turns the answer of a healthy server into the one during the outage. `left` are the seconds until its end, `endpoint` is
   * the number of the endpoint that is asked.
   */
  readonly answer?: (healthy: Answer, random: () => number, left: number, endpoint: number) => Answer
}

/** The number of endpoints behind the host; the calls are spread over them evenly. */
export const endpoints = 4

/** How many seconds of work the server takes on before it turns requests away: longer than its clients wait. */
const backlogSeconds = 3

/**
 * The server answers after 50 ms and an exponentially distributed time of 50 ms on average; a request beyond its capacity
 * waits for those before it, or is turned away with a 503. It does not notice that a client no longer waits: that work is
 * done for nothing. Times are in seconds; the outage starts at 0.
 */
export const server = (outage: Outage, random: () => number): (at: number, endpoint?: number) => Answer => {
  let backlog = 0
  let before = Number.NEGATIVE_INFINITY
  return (at, endpoint = 0) => {
    const isOut = at >= 0 && at < outage.seconds
    const capacity = isOut ? outage.capacityDuring ?? outage.capacity : outage.capacity
    backlog = Math.max(0, backlog - (at - before) * capacity)
    before = at
    const alone = 50 - 50 * Math.log(1 - random())
    const answer = (): Answer => {
      if (backlog >= backlogSeconds * outage.capacity) return { after: alone, status: 503 }
      const after = alone + 1000 * backlog / capacity
      backlog++
      return { after, status: 200 }
    }
    return isOut && outage.answer !== undefined
      ? outage.answer(answer(), random, outage.seconds - at, endpoint)
      : answer()
  }
}

/** 20 calls a second come in: four times that is what all of their attempts add up to, and the capacity of most of these. */
export const outages = {
  errors: {
    title: "10 % errors for 60 s",
    brief: "10 % errors",
    seconds: 60,
    capacity: 80,
    answer: (healthy, random) =>
      random() < 0.1 ? { after: healthy.after, status: random() < 0.5 ? 503 : "refused" } : healthy
  },
  mostly: {
    title: "90 % errors for 60 s",
    brief: "90 % errors",
    seconds: 60,
    capacity: 80,
    answer: (healthy, random) =>
      random() < 0.9 ? { after: healthy.after, status: random() < 0.5 ? 503 : "refused" } : healthy
  },
  endpoint: {
    title: "One of four endpoints dead for 60 s",
    brief: "one endpoint of four",
    seconds: 60,
    capacity: 80,
    answer: (healthy, _random, _left, endpoint) => endpoint === 0 ? { after: healthy.after, status: 503 } : healthy
  },
  dead: {
    title: "Dead for 60 s",
    brief: "dead",
    seconds: 60,
    capacity: 80,
    answer: () => ({ after: 5, status: "refused" })
  },
  limited: {
    title: "429 with `Retry-After` for 30 s",
    brief: "429 and `Retry-After`",
    seconds: 30,
    capacity: 80,
    answer: (healthy, _, left) => ({ after: healthy.after, status: 429, retryAfter: Math.ceil(left) })
  },
  slow: {
    title: "20 times the latency for 60 s",
    brief: "latency × 20",
    seconds: 60,
    capacity: 80,
    answer: (healthy) => ({ ...healthy, after: 20 * healthy.after })
  },
  overload: {
    title: "A third of the capacity for 60 s, then full load",
    brief: "overload",
    seconds: 60,
    capacity: 24,
    capacityDuring: 8
  }
} satisfies Record<string, Outage>
