/**
 * The layers of `src`, bottom up, and the rules that hold them. Pure: `check-layers.mjs` reads the files and prints.
 */

/**
 * Each room imports values only from itself and from the rooms above it in this list. A public module stands below the
 * list entry of whatever uses it, and a room of `internal` stands directly above the module it serves. The first pattern
 * that matches a file is its room.
 */
export const rooms = [
  ["internal/safe", /^internal\/safe\//],
  ["internal/options", /^internal\/(options\.ts|hints\/)/],
  ["internal/time", /^internal\/(deadline|monotonicMillis|pauses)\.ts$/],
  ["SlidingWindow", /^SlidingWindow\.ts$/],
  ["FetchContext", /^FetchContext\.ts$/],
  ["internal/error", /^internal\/error\//],
  ["FetchError", /^FetchError\.ts$/],
  ["internal/classifier", /^internal\/classifier\//],
  ["Classifier", /^Classifier\.ts$/],
  ["DataResult", /^DataResult\.ts$/],
  ["internal/log", /^internal\/log\//],
  ["ErrorLog", /^ErrorLog\.ts$/],
  ["internal/persistence", /^internal\/persistence\//],
  ["tracker/windows", /^internal\/tracker\/counting\/(windows|dimensionReader)\.ts$/],
  ["tracker/limits", /^internal\/tracker\/alerting\/(edges|limitOptions|limits|objective)\.ts$/],
  ["Threshold", /^Threshold\.ts$/],
  ["Alert", /^Alert\.ts$/],
  ["internal/tracker", /^internal\/tracker\//],
  ["Snapshot", /^Snapshot\.ts$/],
  ["ErrorTracker", /^ErrorTracker\.ts$/],
  ["internal/insight", /^internal\/insight\//],
  ["Insight", /^Insight\.ts$/],
  ["internal/fetch", /^internal\/fetch\//],
  ["internal/retry", /^internal\/retry\//],
  ["SharedGate", /^SharedGate\.ts$/],
  ["RetryPolicy", /^RetryPolicy\.ts$/],
  ["Fetch", /^Fetch\.ts$/],
  ["internal/client", /^internal\/client\//],
  ["TrackedClient", /^TrackedClient\.ts$/],
  ["internal/api", /^internal\/api\//],
  ["TrackerApi", /^TrackerApi\.ts$/],
  ["Connectivity", /^Connectivity\.ts$/],
  ["internal/metrics", /^internal\/metrics\//],
  ["ErrorMetrics", /^ErrorMetrics\.ts$/],
  ["internal/tracing", /^internal\/tracing\//],
  ["Tracing", /^Tracing\.ts$/],
  ["internal/prometheus", /^internal\/prometheus\//],
  ["Prometheus", /^Prometheus\.ts$/],
  ["internal/notifier", /^internal\/notifier\//],
  ["Notifier", /^Notifier\.ts$/],
  ["core", /^(internal\/|[A-Z]\w*\.ts$|index\.ts$)/],
  ["binance/internal", /^binance\/internal\//],
  ["binance", /^binance\//],
  ["fleet/internal", /^fleet\/internal\//],
  ["fleet", /^fleet\//],
  ["dashboard", /^dashboard\//],
  ["testing/internal", /^testing\/internal\//],
  ["testing", /^testing\//]
]

/** Modules of Binance that its own rooms build on. They import nothing of these rooms but types. */
const sharedOfBinance = /^binance\/(Interval|Market|Klines|KlineRequest)\.ts$/

/** Known problems, by how their line begins. Each entry is a debt; the list should end up empty. */
export const knownDebts = []

/** The one file that races an effect against time. */
export const racingFile = "internal/deadline.ts"

/** Files that race effects that cannot fail, so that no raw failure can reach the log of Effect. */
const racesWithoutFailure = [
  // The clean-up catches its own defects, and the other side is a latch.
  "internal/tracker/cleanUp.ts",
  // Waits for an event, and timers.
  "fleet/FleetGate.ts",
  "fleet/internal/memoryStore.ts",
  "fleet/internal/tracker/fleetService.ts",
  "fleet/internal/tracker/watchSchedule.ts",
  "fleet/internal/redis/connection.ts"
]

const maxLines = 400

/** Files that may be longer. */
const longFiles = [
  // The 17 classes of one union, and half of it documentation.
  "FetchError.ts",
  // The names of everything that a tracker takes and returns, most of it documentation.
  "ErrorTracker.ts"
]

const core = /^(internal\/|[A-Z]\w*\.ts$|index\.ts$)/

export const roomOf = (file) => rooms.findIndex(([, pattern]) => pattern.test(file))

const withoutComments = (source) => source.replace(/\/\*.*?\*\//gs, "").replace(/^\s*\/\/.*$/gm, "")

/** What a file imports: paths within `src`, and whether only types. */
export const importsOf = (file, source) => {
  const found = []
  const pattern =
    /^(?:import|export)\s+(type\s+)?([^"']*?)\s*from\s*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']\s*\)/gm
  for (const [, type, names = "", from, lazily] of withoutComments(source).matchAll(pattern)) {
    const listed = /^\{(.*)\}$/s.exec(names.trim())?.[1].split(",").map((name) => name.trim()).filter(Boolean)
    const isType = type !== undefined || (listed?.every((name) => name.startsWith("type ")) ?? false)
    found.push({ to: resolved(file, from ?? lazily), isType })
  }
  return found
}

const resolved = (file, from) => {
  const path = file.split("/").slice(0, -1)
  for (const step of from.split("/")) {
    if (step === "..") path.pop()
    else if (step !== ".") path.push(step)
  }
  return path.join("/").replace(/\.js$/, ".ts")
}

/** All that breaks a rule, a line each. `sources` are the texts of the files by their path within `src`. */
export const problemsOf = (sources, racing = racingFile) => {
  const files = Object.keys(sources)
  const imports = new Map(files.map((file) => [file, importsOf(file, sources[file])]))
  return [
    ...files.flatMap((file) => upward(file, imports.get(file))),
    ...cycles(imports).map((cycle) => `import cycle: ${[...cycle, cycle[0]].join(" → ")}`),
    ...repeatedNames(files),
    ...files.flatMap((file) => ofText(file, sources[file], racing))
  ]
}

const upward = (file, imports) =>
  imports.flatMap(({ isType, to }) => {
    const [from, target] = [roomOf(file), roomOf(to)]
    if (target <= from || file.endsWith("index.ts")) return []
    if (core.test(file) && !core.test(to)) return [`${file} imports ${to}: the core knows no other part`]
    if (file.startsWith("binance/internal/") && sharedOfBinance.test(to)) return []
    return [`${file} imports ${isType ? "a type" : "a value"} of ${to}: ${rooms[from][0]} is below ${rooms[target][0]}`]
  })

/** Cycles of value imports, each once: the strongly connected components with more than one file (Tarjan). */
const cycles = (imports) => {
  const [index, low, onStack] = [new Map(), new Map(), new Set()]
  const [stack, found] = [[], []]
  const visit = (file) => {
    index.set(file, index.size)
    low.set(file, index.get(file))
    stack.push(file)
    onStack.add(file)
    for (const { isType, to } of imports.get(file) ?? []) {
      if (isType || !imports.has(to)) continue
      if (!index.has(to)) {
        visit(to)
        low.set(file, Math.min(low.get(file), low.get(to)))
      } else if (onStack.has(to)) low.set(file, Math.min(low.get(file), index.get(to)))
    }
    if (low.get(file) !== index.get(file)) return
    const component = stack.splice(stack.indexOf(file))
    for (const member of component) onStack.delete(member)
    if (component.length > 1) found.push(component)
  }
  for (const file of imports.keys()) if (!index.has(file)) visit(file)
  return found
}

const repeatedNames = (files) => {
  const byName = new Map()
  // Some file systems know no case.
  for (const file of files) {
    const name = file.split("/").at(-1).toLowerCase()
    byName.set(name, [...(byName.get(name) ?? []), file])
  }
  return [...byName].flatMap(([name, same]) =>
    same.length > 1 && name !== "index.ts" ? [`files of one name: ${same.join(", ")}`] : []
  )
}

const ofText = (file, source, racing) => {
  const lines = source.split("\n").length - 1
  const words = core.test(file) ? [...new Set(source.match(/binance|(?<![a-z])vision(?![a-z])|(?<![a-z])kline/gi))] : []
  const races = file === racing || racesWithoutFailure.includes(file)
    ? []
    : [...new Set(withoutComments(source).match(/\bEffect\.(timeout\w*|disconnect|race\w*)\b/g))]
  return [
    ...(lines > maxLines && !longFiles.includes(file) ? [`${file} has ${lines} lines, more than ${maxLines}`] : []),
    ...words.map((word) => `${file} says "${word}": the core knows nothing of Binance`),
    ...races.map((call) => `${file} calls ${call}: only ${racing} races an effect against time`)
  ]
}

/** One row for each room that has files: its name, the number of its files, and the rooms it imports values from. */
export const tableOf = (sources) => {
  const files = Object.keys(sources)
  return rooms.flatMap(([name], room) => {
    const own = files.filter((file) => roomOf(file) === room && !file.endsWith("index.ts"))
    if (own.length === 0) return []
    const used = new Set(
      own.flatMap((file) => importsOf(file, sources[file])).filter(({ isType }) => !isType).map(({ to }) => roomOf(to))
    )
    used.delete(room)
    return [{ name, files: own.length, imports: [...used].sort((a, b) => a - b).map((i) => rooms[i][0]) }]
  })
}
