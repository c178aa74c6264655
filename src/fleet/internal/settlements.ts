/** The reservations of one host that have ended and are not reported to the store. Pure. */
import type * as Model from "./storeModel.js"

/** The minute and the epoch of a reservation. */
export type Origin = Pick<Model.WeightSettlement, "minute" | "epoch">

type Ended = Omit<Model.WeightSettlement, "address" | "host" | keyof Origin>

const nothing: Ended = { answered: 0, reported: 0, spent: 0, unused: 0 }

export class Settlements {
  private readonly byOrigin = new Map<string, Ended & Origin>()

  /** Records the end of a request. `reported` is the used weight that its answer states; NaN: none. */
  ended(origin: Origin, weight: number, reported: number): void {
    this.add(origin, reported >= 0 ? { answered: weight, reported } : { spent: weight })
  }

  /** Records reserved weight that is not used. */
  returned(origin: Origin, weight: number): void {
    if (weight > 0) this.add(origin, { unused: weight })
  }

  /** Takes all. */
  take(): ReadonlyArray<Ended & Origin> {
    const all = Array.from(this.byOrigin.values())
    this.byOrigin.clear()
    return all
  }

  private add({ epoch, minute }: Origin, ended: Partial<Ended>): void {
    const key = `${epoch} ${minute}`
    const known = this.byOrigin.get(key) ?? nothing
    this.byOrigin.set(key, {
      epoch,
      minute,
      answered: known.answered + (ended.answered ?? 0),
      reported: Math.max(known.reported, ended.reported ?? 0),
      spent: known.spent + (ended.spent ?? 0),
      unused: known.unused + (ended.unused ?? 0)
    })
  }
}
