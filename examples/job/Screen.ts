/**
 * Where the main job shows how it is getting on: standard error, so that the report alone is on standard output. A bar
 * on a terminal, a plain line now and then elsewhere; lines of the log go above the bar.
 */
import { Console, Context, Effect, Layer } from "effect"

export class Screen extends Context.Tag("Screen")<Screen, {
  readonly line: (text: string) => Effect.Effect<void>
  readonly progress: (done: number, total: number) => Effect.Effect<void>
}>() {}

const width = 30
const clear = "\r\u001b[2K"

const make = (stream: NodeJS.WriteStream) => {
  const terminal = stream.isTTY && process.env["TERM"] !== "dumb"
  let bar = ""
  let told = -1
  // Nobody may be reading any more; the report is still wanted.
  stream.on("error", () => {})

  // A line each on a terminal; whoever wants all of it sends it to a file.
  const fit = (text: string) => text.length < stream.columns ? text : `${text.slice(0, stream.columns - 2)}…`
  const line = (text: string) => {
    stream.write(terminal ? `${clear}${fit(text)}\n${bar}` : `${text}\n`)
  }
  const progress = (done: number, total: number) => {
    const text = `${done} of ${total} candles`
    const quarter = total === 0 ? 4 : Math.floor(4 * done / total)
    if (terminal) {
      const filled = total === 0 ? width : Math.round(width * done / total)
      bar = done === total ? "" : `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${text}`
      stream.write(`${clear}${bar}`)
    } else if (quarter !== told) {
      stream.write(`${text}\n`)
    }
    told = quarter
  }
  return { line, progress }
}

export const layer: Layer.Layer<Screen> = Layer.unwrapEffect(Effect.sync(() => {
  const { line, progress } = make(process.stderr)
  const screen = Layer.succeed(Screen, {
    line: (text) => Effect.sync(() => line(text)),
    progress: (done, total) => Effect.sync(() => progress(done, total))
  })
  return Layer.merge(screen, loggersWriteTo(line))
}))

/** Loggers write to the console of Effect; this one has a `log` that knows of the bar. */
const loggersWriteTo = (line: (text: string) => void): Layer.Layer<never> =>
  Layer.unwrapEffect(Console.consoleWith((console) =>
    Effect.succeed(
      Console.setConsole({
        ...console,
        unsafe: { ...console.unsafe, log: (...texts: ReadonlyArray<unknown>) => line(texts.join(" ")) }
      })
    )
  ))
