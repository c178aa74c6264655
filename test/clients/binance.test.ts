import { codes, conflicts } from "./binance.js"
import { testRows } from "./testRows.js"

testRows("codes of Binance", codes)
testRows("codes against statuses", conflicts)
