import { codes, conflicts } from "./binance.js"
import { testRows } from "./table.js"

testRows("codes of Binance", codes)
testRows("codes against statuses", conflicts)
