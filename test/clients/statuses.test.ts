import { statuses } from "./statuses.js"
import { testRows } from "./testRows.js"

testRows("statuses", statuses)
