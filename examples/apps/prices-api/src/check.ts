/**
 * Runs the application beside an upstream with faults and a receiver of webhooks, and compares what it answers, alerts and
 * counts. The command that runs it is an argument: `node dist/check.js bun run src/main.ts`.
 */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { argv, execPath } from "node:process"

const listen = async (handler: RequestListener): Promise<Server> => {
  const server = createServer(handler)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** One request in two to GOOD fails; all to BAD do. */
let requests = 0
const upstream = await listen((request, response) => {
  requests++
  const symbol = request.url?.split("/").at(-1) ?? ""
  const fails = symbol === "BAD" || (symbol === "GOOD" && requests % 2 === 1)
  response.writeHead(fails ? 500 : symbol === "LOCKED" ? 401 : 200, { "content-type": "application/json" })
  response.end(fails ? "{}" : JSON.stringify({ symbol, price: 42 }))
})

const delivered: Array<string> = []
const receiver = await listen((request, response) => {
  let body = ""
  request.on("data", (chunk) => body += chunk)
  request.on("end", () => {
    delivered.push(body)
    receiver.emit("delivery")
    response.writeHead(204).end()
  })
})

const free = await listen(() => {})
const port = (free.address() as AddressInfo).port
await new Promise((done) => free.close(done))

const [command = execPath, ...rest] = argv.slice(2)
const application = spawn(command, argv.length > 2 ? rest : ["dist/main.js"], {
  env: {
    ...process.env,
    PORT: String(port),
    UPSTREAM_URL: urlOf(upstream),
    WEBHOOK_URL: `${urlOf(receiver)}/hooks/s3cr3tT0ken`
  }
})
let log = ""
application.stderr.on("data", (chunk) => log += chunk)
const started = new Promise<void>((done, fail) => {
  application.stdout.on("data", (chunk) => {
    log += chunk
    if (log.includes("Listening")) done()
  })
  application.on("exit", (code) => fail(new Error(`the application ended with ${code}:\n${log}`)))
})

try {
  await started
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, body: await response.text() }
  }

  const good = await get("/price/GOOD")
  assert.deepEqual(good, { status: 200, body: `{"symbol":"GOOD","price":42}` })
  assert.equal(requests, 2, "the first attempt failed, the second succeeded")

  assert.deepEqual(await get("/price/LOCKED"), { status: 502, body: `{"code":"API_AUTH"}` })

  const first = delivered.length === 0 ? once(receiver, "delivery", { signal: AbortSignal.timeout(20_000) }) : undefined
  assert.deepEqual(await get("/price/BAD"), { status: 502, body: `{"code":"API_FORMAT"}` })
  await first
  assert.match(delivered[0] ?? "", /API_FORMAT/)

  const metrics = await get("/metrics")
  assert.equal(metrics.status, 200)
  assert.match(metrics.body, /^errata_window_errors\{.*error_type="API_AUTH".*\} 1$/m)
  assert.match(metrics.body, /^errata_alert_active\{.*error_type="API_FORMAT",window="minute".*\} 1$/m)
  assert.doesNotMatch(log + delivered.join("") + metrics.body, /s3cr3tT0ken/)

  const ended = once(application, "exit")
  application.removeAllListeners("exit")
  const exited = once(application, "exit")
  application.kill("SIGTERM")
  await Promise.race([ended, exited])
  console.log(`prices-api: ${requests} requests to the upstream, ${delivered.length} alerts delivered`)
} catch (error) {
  console.error(log)
  throw error
} finally {
  application.kill("SIGKILL")
  upstream.close()
  receiver.close()
}
