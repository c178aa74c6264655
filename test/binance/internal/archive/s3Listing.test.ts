import { expect, it } from "vitest"
import { firstDayIn, listingUrl } from "../../../../src/binance/internal/archive/s3Listing.js"

const list = (...keys: ReadonlyArray<string>) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
    keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join("")
  }</ListBucketResult>`
const folder = "data/spot/daily/klines/ADABKRW/1d/"

it.each<[string, string, number | undefined]>([
  [
    "the first day",
    list(`${folder}ADABKRW-1d-2020-08-01.zip`, `${folder}ADABKRW-1d-2020-08-02.zip`),
    Date.UTC(2020, 7)
  ],
  [
    "a checksum before its zip",
    list(`${folder}A-1d-2020-08-01.zip.CHECKSUM`, `${folder}A-1d-2020-08-02.zip`),
    Date.UTC(2020, 7, 2)
  ],
  ["odd names", list(`${folder}ADABKRW-1d-2020-8.zip`, `${folder}ADABKRW-1d-2020-08-03.zip`), Date.UTC(2020, 7, 3)],
  ["nothing", list(), Infinity],
  ["a folder", list(folder), Infinity],
  ["no listing", "<Error><Code>AccessDenied</Code></Error>", undefined],
  ["a page", "<html><Key>data/A-1d-2020-08-01.zip</Key></html>", undefined],
  ["no bytes", "", undefined]
])("%s", (_, xml, expected) => expect(firstDayIn(xml)).toBe(expected))

it("requests the days of an instrument, optionally those after a given day", () => {
  const series = { market: "FUTURES_USDT", symbol: "币安人生USDT", interval: "1m" } as const
  const url = new URL(listingUrl("https://list.test/bucket", series, Date.UTC(2024, 0, 5, 13)))
  expect(Object.fromEntries(url.searchParams)).toEqual({
    "prefix": "data/futures/um/daily/klines/币安人生USDT/1d/",
    "marker": "data/futures/um/daily/klines/币安人生USDT/1d/币安人生USDT-1d-2024-01-05~",
    "max-keys": "20"
  })
  expect(new URL(listingUrl("https://list.test/bucket", series)).searchParams.has("marker")).toBe(false)
})
