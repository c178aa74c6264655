/** A real Alertmanager, with processes that send it the same alert. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startBound } from "../boundProcess.js"
import { bundleProgram } from "../bundleProgram.js"

const binary = "prometheus-alertmanager"

const isInstalled = spawnSync(binary, ["--version"]).error === undefined

if (!isInstalled) {
  console.warn(`Skipped: tests with ${binary}, which is not installed. To run them: apt-get install -y ${binary}`)
}

interface Notification {
  readonly status: string
  readonly alerts: ReadonlyArray<{ readonly status: string; readonly labels: Readonly<Record<string, string>> }>
}

let folder = ""

/** Registers what is to be done when a test ends. */
type AtEnd = (end: () => void) => void

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-errata-alertmanager-"))
  bundleProgram(new URL("pagingProcess.ts", import.meta.url), join(folder, "paging.mjs"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Waits for something that another process does. */
const until = async <A>(read: () => A | undefined | Promise<A | undefined>): Promise<A> => {
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A receiver of the notifications of an Alertmanager. */
const receive = async (atEnd: AtEnd) => {
  const notifications: Array<Notification> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => body += chunk)
    request.on("end", () => {
      notifications.push(JSON.parse(body))
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, notifications }
}

const freePort = async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const kill = (child: ChildProcess) => {
  if (child.exitCode === null) child.kill("SIGKILL")
}

const alertmanager = async (receiver: string, port: number, atEnd: AtEnd) => {
  const config = join(folder, `${port}.yml`)
  const storage = mkdtempSync(join(folder, "storage-"))
  writeFileSync(
    config,
    `route: { receiver: hook, group_wait: 300ms, group_interval: 500ms, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: "${receiver}", send_resolved: true }] }]`
  )
  const { stop } = startBound(binary, [
    `--config.file=${config}`,
    `--storage.path=${storage}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
    "--log.level=error"
  ])
  atEnd(() => void stop())
  const url = `http://127.0.0.1:${port}`
  await until(() => fetch(`${url}/-/ready`).then(({ ok }) => ok || undefined, () => undefined))
  const alerts = async () => {
    const found: unknown = await fetch(`${url}/api/v2/alerts?active=true`).then((response) => response.json())
    if (!Array.isArray(found)) throw new Error("no list of alerts")
    // The API of Alertmanager.
    return found as ReadonlyArray<{ readonly endsAt: string; readonly labels: Readonly<Record<string, string>> }>
  }
  return {
    url,
    stop,
    /** The number of active alerts. */
    active: async () => (await alerts()).length,
    /** When the active alert of a process ends unless it is sent again. */
    endOf: async (instance: string) => {
      const alert = (await alerts()).find(({ labels }) => labels.instance === instance)
      return alert === undefined ? undefined : Date.parse(alert.endsAt)
    }
  }
}

/** A process whose alert has arrived. */
const paging = async (atEnd: AtEnd, url: string, resend: string, ...rest: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [join(folder, "paging.mjs"), url, resend, ...rest], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  atEnd(() => kill(child))
  let output = ""
  child.stdout.on("data", (chunk) => output += chunk)
  await until(() => output.includes("sent") || undefined)
  return child
}

const shortOf = ({ alerts, status }: Notification) =>
  `${status}: ${alerts.map(({ labels }) => labels.alertname).join()}`

describe.skipIf(!isInstalled)("Notifier.alertmanager with a real Alertmanager", () => {
  it.concurrent("four processes with one alert are one notification, and so is their end", async ({ onTestFinished: atEnd }) => {
    const { notifications, url: receiver } = await receive(atEnd)
    const { active, url } = await alertmanager(receiver, await freePort(), atEnd)
    const children = await Promise.all(Array.from({ length: 4 }, () => paging(atEnd, url, "60000")))
    await until(() => notifications[0])
    expect(await active()).toBe(1)
    expect(notifications.map(shortOf)).toEqual(["firing: NETWORK_DNS"])
    expect(notifications[0]?.alerts[0]?.labels).toEqual({
      alertname: "NETWORK_DNS",
      code: "NETWORK_DNS",
      severity: "ERROR",
      window: "minute",
      service: "prices"
    })
    for (const child of children) child.stdin?.write("resolve\n")
    await until(() => notifications[1])
    expect(notifications.map(shortOf)).toEqual(["firing: NETWORK_DNS", "resolved: NETWORK_DNS"])
    expect(await active()).toBe(0)
  })

  it.concurrent("active alerts are kept alive; the alert of a process that is killed ends by itself", async ({ onTestFinished: atEnd }) => {
    const { notifications, url: receiver } = await receive(atEnd)
    const { active, endOf, url } = await alertmanager(receiver, await freePort(), atEnd)
    // The lifetime of an alert is 2 seconds.
    const [first, second] = await Promise.all([paging(atEnd, url, "500", "a"), paging(atEnd, url, "500", "b")])
    await until(async () => await active() === 2 || undefined)
    first.kill("SIGKILL")
    const begin = await until(() => endOf("b"))
    await until(() =>
      notifications.find(({ alerts }) =>
        alerts.some(({ labels, status }) => labels.instance === "a" && status === "resolved")
      )
    )
    await until(async () => (await endOf("a")) === undefined || undefined)
    await until(async () => Number(await endOf("b")) > begin + 2000 || undefined)
    second.kill("SIGKILL")
    await until(async () => await active() === 0 || undefined)
  })

  it.concurrent("an Alertmanager that restarts without its state gets the active alerts again", async ({ onTestFinished: atEnd }) => {
    const { notifications, url: receiver } = await receive(atEnd)
    const port = await freePort()
    const before = await alertmanager(receiver, port, atEnd)
    await paging(atEnd, before.url, "300")
    await until(() => notifications[0])
    await before.stop()
    const { active } = await alertmanager(receiver, port, atEnd)
    await until(async () => await active() === 1 || undefined)
    await until(() => notifications[1])
    expect(notifications.map(shortOf)).toEqual(["firing: NETWORK_DNS", "firing: NETWORK_DNS"])
  })
})
