/**
 * The limits of an exchange for one address: a weight per minute. Above it the exchange answers 429, and after further
 * requests it bans the address with 418. Instants are in milliseconds.
 */

const minute = 60_000
const firstBan = 2 * minute
const longestBan = 3 * 24 * 60 * minute

/** The state of one market. */
export interface Limits {
  /** Which minute `used` belongs to, counted since the epoch. */
  readonly minute: number
  readonly used: number
  readonly limitedUntil: number
  /** Answers 429 since the limit was reached. */
  readonly refused: number
  readonly bannedUntil: number
  readonly bans: number
}

export const unused: Limits = { minute: 0, used: 0, limitedUntil: 0, refused: 0, bannedUntil: 0, bans: 0 }

export interface Policy {
  /** Weight a minute. */
  readonly budget: number
  /** How many answers 429 in one go are let pass; the next is a ban. */
  readonly patience: number
}

export type Verdict =
  | { readonly _tag: "Allowed"; readonly used: number }
  | { readonly _tag: "Limited"; readonly used: number; readonly until: number }
  | { readonly _tag: "Banned"; readonly until: number }

/** Counts a request and says whether it may have its answer. What is refused is counted too. */
export const charge = (
  limits: Limits,
  weight: number,
  now: number,
  policy: Policy
): readonly [Verdict, Limits] => {
  if (now < limits.bannedUntil) return [{ _tag: "Banned", until: limits.bannedUntil }, limits]
  const current = Math.floor(now / minute)
  const used = (current === limits.minute ? limits.used : 0) + weight
  const limitedUntil = used > policy.budget
    ? Math.max(limits.limitedUntil, (current + 1) * minute)
    : limits.limitedUntil
  const counted = { ...limits, minute: current, used, limitedUntil }
  if (now >= limitedUntil) return [{ _tag: "Allowed", used }, { ...counted, refused: 0 }]
  if (limits.refused >= policy.patience) return banned(counted, now, Math.min(firstBan * 2 ** limits.bans, longestBan))
  return [{ _tag: "Limited", used, until: limitedUntil }, { ...counted, refused: limits.refused + 1 }]
}

/** From now on the limit counts as reached, for any used weight. */
export const limited = (limits: Limits, now: number, duration: number): Limits => ({
  ...limits,
  limitedUntil: now + duration
})

export const banned = (limits: Limits, now: number, duration: number): readonly [Verdict, Limits] => [
  { _tag: "Banned", until: now + duration },
  { ...limits, refused: 0, bans: limits.bans + 1, bannedUntil: now + duration }
]

/** The weight used stays; limits and bans end. */
export const lifted = (limits: Limits): Limits => ({ ...limits, limitedUntil: 0, refused: 0, bannedUntil: 0, bans: 0 })
