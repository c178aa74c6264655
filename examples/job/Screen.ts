/**
 * Progress and log of the main job on standard error: standard output holds the report alone. A terminal shows a bar, with
 * the log above it; elsewhere, progress is a line per quarter.
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
  let shownQuarter = -1
  // A closed standard error must not stop the job.
  stream.on("error", () => {})

  // On a terminal, each entry is clipped to one line.
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
    } else if (quarter !== shownQuarter) {
      stream.write(`${text}\n`)
    }
    shownQuarter = quarter
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

/** Loggers write to the console of Effect: its `log` is replaced by one that redraws the bar. */
const loggersWriteTo = (line: (text: string) => void): Layer.Layer<never> =>
  Layer.unwrapEffect(Console.consoleWith((console) =>
    Effect.succeed(
      Console.setConsole({
        ...console,
        unsafe: { ...console.unsafe, log: (...texts: ReadonlyArray<unknown>) => line(texts.join(" ")) }
      })
    )
  ))
