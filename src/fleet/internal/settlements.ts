/** The reservations of one host that have ended and are not reported to the store. Pure. */
import type * as Model from "./storeModel.js"

type Ended = Omit<Model.WeightSettlement, "address" | "host" | "minute">

const nothing: Ended = { answered: 0, reported: 0, spent: 0, unused: 0 }

export class Settlements {
  private readonly byMinute = new Map<number, Ended>()

  /** Records the end of a request. `reported` is the used weight that its answer states; NaN: none. */
  ended(minute: number, weight: number, reported: number): void {
    this.add(minute, reported >= 0 ? { answered: weight, reported } : { spent: weight })
  }

  /** Records reserved weight that is not used. */
  returned(minute: number, weight: number): void {
    if (weight > 0) this.add(minute, { unused: weight })
  }

  /** Takes all. */
  take(): ReadonlyArray<Ended & { readonly minute: number }> {
    const all = Array.from(this.byMinute, ([minute, ended]) => ({ minute, ...ended }))
    this.byMinute.clear()
    return all
  }

  private add(minute: number, ended: Partial<Ended>): void {
    const known = this.byMinute.get(minute) ?? nothing
    this.byMinute.set(minute, {
      answered: known.answered + (ended.answered ?? 0),
      reported: Math.max(known.reported, ended.reported ?? 0),
      spent: known.spent + (ended.spent ?? 0),
      unused: known.unused + (ended.unused ?? 0)
    })
  }
}
