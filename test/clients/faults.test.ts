import { bodies, connections, http, time } from "./faults.js"
import { testRows } from "./testRows.js"

testRows("time", time)
testRows("connections", connections)
testRows("answers that are not the HTTP that was due", http)
testRows("bodies", bodies)
