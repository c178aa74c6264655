import { statuses } from "./statuses.js"
import { testRows } from "./table.js"

testRows("statuses", statuses)
