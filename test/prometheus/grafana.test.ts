/** The rules of a dashboard of Grafana: https://github.com/grafana/grafana/blob/main/kinds/dashboard/dashboard_kind.cue */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { readFileSync } from "node:fs"

const columns = 24

const Position = Schema.Struct({
  x: Schema.Int.pipe(Schema.between(0, columns - 1)),
  y: Schema.NonNegativeInt,
  w: Schema.Int.pipe(Schema.between(1, columns)),
  h: Schema.Int.pipe(Schema.greaterThan(0))
})

const Source = Schema.Struct({ type: Schema.Literal("prometheus"), uid: Schema.Literal("${datasource}") })

const Threshold = Schema.Struct({ color: Schema.NonEmptyString, value: Schema.NullOr(Schema.Number) })

const Panel = Schema.Struct({
  id: Schema.Int.pipe(Schema.greaterThan(0)),
  type: Schema.Literal("stat", "timeseries", "table", "bargauge", "gauge"),
  title: Schema.NonEmptyString,
  description: Schema.optional(Schema.String),
  datasource: Source,
  gridPos: Position,
  targets: Schema.NonEmptyArray(Schema.Struct({
    datasource: Source,
    expr: Schema.NonEmptyString,
    refId: Schema.NonEmptyString,
    legendFormat: Schema.optional(Schema.String),
    format: Schema.optional(Schema.Literal("time_series", "table", "heatmap")),
    instant: Schema.optional(Schema.Boolean),
    range: Schema.optional(Schema.Boolean)
  })),
  fieldConfig: Schema.Struct({
    defaults: Schema.Struct({
      thresholds: Schema.optional(
        Schema.Struct({ mode: Schema.Literal("absolute", "percentage"), steps: Schema.NonEmptyArray(Threshold) })
      )
    }),
    overrides: Schema.Array(Schema.Unknown)
  })
})

const Dashboard = Schema.Struct({
  title: Schema.NonEmptyString,
  uid: Schema.String.pipe(Schema.pattern(/^[\w-]{8,40}$/)),
  tags: Schema.Array(Schema.String),
  schemaVersion: Schema.Int.pipe(Schema.greaterThanOrEqualTo(36)),
  version: Schema.NonNegativeInt,
  editable: Schema.Boolean,
  refresh: Schema.String.pipe(Schema.pattern(/^\d+[smhd]$/)),
  time: Schema.Struct({ from: Schema.String.pipe(Schema.pattern(/^now-\d+[smhd]$/)), to: Schema.Literal("now") }),
  timezone: Schema.Literal("browser", "utc"),
  templating: Schema.Struct({
    list: Schema.Array(
      Schema.Struct({
        name: Schema.String.pipe(Schema.pattern(/^\w+$/)),
        type: Schema.Literal("query", "datasource"),
        query: Schema.Unknown,
        datasource: Schema.optional(Source)
      })
    )
  }),
  annotations: Schema.Struct({ list: Schema.Array(Schema.Unknown) }),
  panels: Schema.NonEmptyArray(Panel)
})

const dashboard = Schema.decodeUnknownSync(Schema.parseJson(Dashboard))(readFileSync("examples/grafana.json", "utf8"))

const cells = ({ h, w, x, y }: Schema.Schema.Type<typeof Position>): ReadonlyArray<string> =>
  Array.from({ length: h * w }, (_, i) => `${x + i % w},${y + Math.floor(i / w)}`)

describe("examples/grafana.json", () => {
  it("has panels with ids of their own, inside of the grid, that do not overlap", () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { gridPos: { w, x } } of panels) expect(x + w).toBeLessThanOrEqual(columns)
    const taken = panels.flatMap(({ gridPos }) => cells(gridPos))
    expect(new Set(taken).size).toBe(taken.length)
  })

  it("names the queries of a panel apart", () => {
    for (const { targets, title } of dashboard.panels) {
      expect([title, new Set(targets.map(({ refId }) => refId)).size]).toEqual([title, targets.length])
    }
  })

  it("uses only variables that it declares, and those of Grafana", () => {
    const declared = new Set(dashboard.templating.list.map(({ name }) => name))
    const text = JSON.stringify(dashboard)
    const used = new Set(Array.from(text.matchAll(/\$\{?(\w+)\}?/g), ([, name]) => name!))
    for (const name of used) expect([name, declared.has(name) || name.startsWith("__")]).toEqual([name, true])
    for (const name of declared) expect([name, used.has(name)]).toEqual([name, true])
  })

  it("has thresholds that start without a value and increase", () => {
    for (const { fieldConfig: { defaults: { thresholds } }, title } of dashboard.panels) {
      const [first, ...others] = thresholds?.steps ?? [{ value: null }]
      expect([title, first.value]).toEqual([title, null])
      const values = others.map(({ value }) => value ?? -Infinity)
      expect(values).toEqual(values.toSorted((a, b) => a - b))
    }
  })
})
