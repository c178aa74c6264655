/**
 * The stream of frames: it reconnects by itself, also after a refusal or when nothing arrives. A hidden page polls instead: a
 * browser has six connections to one server, and each stream holds one of them.
 *
 * Addresses are relative: a proxy may serve the page under any path.
 */
import { change, type Frame, view } from "./view.js"

const silence = 8000
const retryAfter = 2000
const hiddenEvery = 15_000

let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let watchdog: ReturnType<typeof setTimeout> | undefined
let polling: ReturnType<typeof setInterval> | undefined

const connect = (): void => {
  close()
  const opened = new EventSource("events")
  source = opened
  opened.addEventListener("frame", (event) => {
    if (source !== opened) return
    watch()
    take(JSON.parse(event.data as string) as Frame)
  })
  opened.addEventListener("error", () => {
    if (source !== opened) return
    lost()
    // A browser does not try again after a refusal: the token may have changed, or there were too many pages.
    if (opened.readyState === EventSource.CLOSED) again()
  })
  watch()
}

const take = (frame: Frame): void => {
  // A newer version of the server has a newer page.
  const { build } = document.documentElement.dataset
  if (frame.build !== build && sessionStorage.getItem("reloaded") !== frame.build) {
    sessionStorage.setItem("reloaded", frame.build)
    location.reload()
    return
  }
  change({ frame, receivedAt: performance.now(), connection: "live" })
  document.body.dataset["ready"] = "1"
}

const close = (): void => {
  clearTimeout(retry)
  clearTimeout(watchdog)
  clearInterval(polling)
  source?.close()
  source = undefined
}

const poll = async (): Promise<void> => {
  try {
    const response = await fetch("api/frame")
    const frame = await response.json() as Frame
    if (document.hidden && view.connection !== "paused") take(frame)
  } catch {
    lost()
  }
}

const start = (): void => {
  if (!document.hidden) return connect()
  close()
  void poll()
  polling = setInterval(() => void poll(), hiddenEvery)
}

document.addEventListener("visibilitychange", () => {
  if (view.connection !== "paused") start()
})

const again = (): void => {
  clearTimeout(retry)
  retry = setTimeout(() => {
    // A page that is no longer signed in asks for the token.
    fetch(".", { method: "HEAD" }).then(
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
  close()
  change({ connection: "paused" })
}

export const resume = (): void => {
  change({ connection: "connecting" })
  start()
}
