/** The stream of frames: it reconnects by itself, also after a refusal or when nothing arrives. */
import { change, type Frame, view } from "./view.js"

const silence = 8000
const retryAfter = 2000

let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let watchdog: ReturnType<typeof setTimeout> | undefined

const connect = (): void => {
  clearTimeout(retry)
  source?.close()
  const opened = new EventSource("/events")
  source = opened
  opened.addEventListener("frame", (event) => {
    if (source !== opened) return
    const frame = JSON.parse(event.data as string) as Frame
    watch()
    // A newer version of the server has a newer page.
    const { build } = document.documentElement.dataset
    if (frame.build !== build && sessionStorage.getItem("reloaded") !== frame.build) {
      sessionStorage.setItem("reloaded", frame.build)
      location.reload()
      return
    }
    change({ frame, receivedAt: performance.now(), connection: "live" })
    document.body.dataset["ready"] = "1"
  })
  opened.addEventListener("error", () => {
    if (source !== opened) return
    lost()
    // A browser does not try again after a refusal: the token may have changed, or there were too many pages.
    if (opened.readyState === EventSource.CLOSED) again()
  })
  watch()
}

const again = (): void => {
  clearTimeout(retry)
  retry = setTimeout(() => {
    // A page that is no longer signed in asks for the token.
    fetch("/", { method: "HEAD" }).then(
      ({ status }) => status === 401 ? location.reload() : connect(),
      () => again()
    )
  }, retryAfter)
}

const watch = (): void => {
  clearTimeout(watchdog)
  watchdog = setTimeout(() => {
    lost()
    connect()
  }, silence)
}

const lost = (): void => {
  if (view.connection !== "paused") change({ connection: "lost" })
}

export const pause = (): void => {
  clearTimeout(watchdog)
  clearTimeout(retry)
  source?.close()
  source = undefined
  change({ connection: "paused" })
}

export const resume = (): void => {
  change({ connection: "connecting" })
  connect()
}
