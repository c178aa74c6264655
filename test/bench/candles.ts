/** A random walk of candles in the format of the spot archive since 2025: microseconds, and eight decimals. */

const dayMillis = 86_400_000
const rowsADay = 86_400

/**
 * Makes the CSV of days of seconds, whose number is the argument. All days have the same values, at other times. The values
 * take 50 MB, which is memory of the caller.
 */
export const daysOfSeconds = (): (day: number) => Buffer => {
  let seed = 1
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const cents = (value: number) => Math.round(value * 100) / 100
  let price = 93_576
  const values = Array.from({ length: rowsADay }, () => {
    const open = price
    price = cents(open + (random() - 0.5) * 4)
    const high = Math.max(open, price) + cents(random())
    const low = Math.min(open, price) - cents(random())
    const volume = random() * random() * 3
    const taken = volume * random()
    return {
      prices: [open, high, low, price].map((value) => `${value.toFixed(2)}000000`).join(),
      volume: `${volume.toFixed(5)}000`,
      others: [
        (volume * open).toFixed(8),
        Math.floor(random() * 400),
        `${taken.toFixed(5)}000`,
        (taken * open).toFixed(8)
      ]
        .join()
    }
  })
  return (day) => {
    const start = Date.UTC(2025, 0, 1) + day * dayMillis
    const lines = values.map(({ others, prices, volume }, i) => {
      const time = start + i * 1000
      return `${time}000,${prices},${volume},${time + 999}999,${others},0\n`
    })
    return Buffer.from(lines.join(""), "latin1")
  }
}

/** A REST page with the first rows of a day. */
export const pageOfRest = (rows: number): string =>
  JSON.stringify(
    daysOfSeconds()(0).toString("latin1").split("\n", rows).map((line) =>
      line.split(",").map((value, i) =>
        i === 0 || i === 6 ? Math.floor(Number(value) / 1000) : i === 8 ? Number(value) : value
      )
    )
  )
