/** An alert as a message of Slack: https://docs.slack.dev/reference/block-kit/blocks */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Labels } from "./document.js"
import type { Edge } from "./edge.js"

// Slack's limits are 3,000 characters for a text, 2,000 for an element, ten elements.
const maxText = 2900
const maxElement = 1900
const maxElements = 10

const titles: Readonly<Record<Edge["_tag"], string>> = { Fired: "Alert", Escalated: "Escalated", Resolved: "Resolved" }

const emoji = (alert: Edge): string =>
  alert._tag === "Resolved"
    ? ":large_green_circle:"
    : alert.severity === "ERROR"
    ? ":red_circle:"
    : alert.severity === "WARNING"
    ? ":large_orange_circle:"
    : ":large_blue_circle:"

export const slackMessage = (alert: Edge, labels: Labels): unknown => {
  const text = `${emoji(alert)} *${titles[alert._tag]}* (${alert.severity}): ${escaped(alert.message, maxText)}`
  const details = [
    ...Object.entries(labels).map(([name, value]) => `${name}: ${value}`),
    `${alert._tag === "Resolved" ? "ended" : "at"} ${DateTime.formatIso(alert.at)}`,
    ...alert._tag === "Resolved" ? [`lasted ${Duration.format(wholeSeconds(alert.duration))}`] : [],
    `id ${alert.id}`
  ]
  return {
    text,
    blocks: [
      { type: "section", text: { type: "mrkdwn", text } },
      { type: "context", elements: details.slice(-maxElements).map(element) }
    ]
  }
}

const element = (text: string) => ({ type: "mrkdwn", text: escaped(text, maxElement) })

const wholeSeconds = (duration: Duration.Duration): Duration.Duration =>
  Duration.seconds(Math.max(1, Math.round(Duration.toSeconds(duration))))

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

/** Text without mentions, links and entities, at most `limit` characters after escaping. */
const escaped = (text: string, limit: number): string => {
  let safe = ""
  for (const character of text) {
    const next = entities[character] ?? character
    if (safe.length + next.length >= limit) return `${safe}…`
    safe += next
  }
  return safe
}
