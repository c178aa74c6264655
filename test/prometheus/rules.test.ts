import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, TestClock } from "effect"
import { ErrorTracker, FetchError, Prometheus } from "effect-errata"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parsePage } from "./pageParser.js"
import { hasPromtool, promtool } from "./programs.js"

/** Runs a function with a directory that holds the rules. */
const withRules = (rules: string, run: (file: (name: string, text: string) => string) => void) => {
  const directory = mkdtempSync(join(tmpdir(), "errata-rules-"))
  try {
    writeFileSync(join(directory, "rules.yml"), rules)
    run((name, text) => {
      writeFileSync(join(directory, name), text)
      return join(directory, name)
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A generator of whole numbers below a bound. */
const draws = (seed: number) => (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below

const quoted = (value: string) => JSON.stringify(value)

const series = (name: string, labels: Readonly<Record<string, string>>) =>
  `${name}{${Object.entries({ job: "j", ...labels }).map(([label, value]) => `${label}=${quoted(value)}`).join(",")}}`

interface Firing {
  readonly alertname: string
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
}

interface Test {
  readonly name: string
  readonly input: ReadonlyArray<readonly [series: string, values: ReadonlyArray<number | "_" | "stale">]>
  /** The alerts that fire at each step, of the names in question. */
  readonly firing: ReadonlyArray<ReadonlyArray<Firing>>
  readonly alerts: ReadonlyArray<string>
}

const seconds = 15

/** JSON, which is YAML but for some characters: YAML folds them with the blanks around. */
const yaml = (value: unknown) =>
  JSON.stringify(value).replace(
    /[^\n -~]/gu,
    (char) => `\\U${(char.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`
  )

/** Checks the alerts at every step by `promtool test rules`. Its file is JSON, which is YAML. */
const testRules = (rules: string, tests: ReadonlyArray<Test>) =>
  withRules(rules, (file) => {
    const suite = {
      rule_files: ["rules.yml"],
      evaluation_interval: `${seconds}s`,
      tests: tests.map(({ alerts, firing, input, name }) => ({
        name,
        interval: `${seconds}s`,
        input_series: input.map(([series, values]) => ({ series, values: values.join(" ") })),
        alert_rule_test: firing.flatMap((step, i) =>
          alerts.map((alertname) => ({
            eval_time: `${i * seconds}s`,
            alertname,
            exp_alerts: step.filter((alert) => alert.alertname === alertname).map(({ labels, summary }) => ({
              exp_labels: { job: "j", ...labels },
              exp_annotations: { summary }
            }))
          }))
        )
      }))
    }
    promtool(["test", "rules", file("test.yml", yaml(suite))])
  })

/** When an alert fires, by its count at every step: the model of one limit. */
const model = (
  counts: ReadonlyArray<number | undefined>,
  { keep, limit, recovered }: { readonly limit: number; readonly recovered: number; readonly keep: number }
): ReadonlyArray<boolean> => {
  let [isFiring, missing] = [false, 0]
  return counts.map((count) => {
    const holds = count !== undefined && (count > limit || (isFiring && count > recovered))
    missing = holds ? 0 : missing + 1
    return isFiring = holds || (isFiring && (missing - 1) * seconds < keep)
  })
}

const hostile = "a\"b\\c {{ $value }} {{{ \u2028 é 😀 \u0007 %s # : - |\n  - alert: x"

const limits: Prometheus.Limits = {
  thresholds: {
    [hostile]: { perMinute: 2, custom: [{ name: hostile, window: "5 seconds", limit: 3 }] },
    API_FORMAT: { perMinute: 1, perHour: 2, perDay: 3 }
  },
  rules: [
    { name: hostile, window: "90 seconds", limit: 5 },
    { name: "by", by: "symbol", code: "API_FORMAT", window: "hour", limit: 2 },
    { name: `${hostile}%`, window: "minute", ratio: 0.333_333_333_333, minAttempts: 10 },
    { name: "ratio by", by: "source", window: "day", ratio: 0.5, minAttempts: 1 },
    { name: "objective", objective: 0.99, of: "attempts", by: "source" },
    { name: `${hostile}!`, objective: 0.999 }
  ],
  objective: 0.995
}

describe("alert rules", () => {
  it("are valid YAML in printable ASCII for every name", () => {
    const yaml = Prometheus.rules(limits)
    expect(yaml).toMatch(/^[\n -~]+$/)
    // What does not stand in a quoted string or an expression is fixed.
    const keys = yaml.split("\n").map((line) => /^ *(?:- )?[a-z_]+:/.exec(line)?.[0].trim()).filter((key) =>
      key !== undefined
    )
    expect(new Set(keys)).toEqual(
      new Set([
        "groups:",
        "- name:",
        "rules:",
        "- alert:",
        "expr:",
        "keep_firing_for:",
        "labels:",
        "severity:",
        "error_type:",
        "window:",
        "annotations:",
        "summary:",
        "rule:",
        "burn_rate:"
      ])
    )
  })

  it.skipIf(!hasPromtool)("promtool accepts them, and finds no two alike", () => {
    for (
      const options of [{}, {
        groupBy: ["job", "cluster"],
        keepFiringFor: 0,
        labels: { team: hostile, severity: "page" }
      }]
    ) {
      withRules(Prometheus.rules(limits, options), (file) => {
        const checked = promtool([
          "check",
          "rules",
          "--lint=all",
          "--lint-fatal",
          file("copy.yml", Prometheus.rules(limits, options))
        ])
        expect(checked).toContain("SUCCESS")
      })
    }
    withRules(
      Prometheus.rules({ thresholds: { DATA_EMPTY: {}, API_RATE_LIMIT: {}, NETWORK_TIMEOUT: {} } }),
      (file) => expect(promtool(["check", "rules", file("none.yml", "groups: []\n")])).toContain("SUCCESS")
    )
  })

  it("without limits of one's own are those of the default limits", () => {
    const yaml = Prometheus.rules()
    expect(yaml.match(/- alert: ErrataLimitExceeded/g)?.length).toBe(9)
    expect(yaml).toContain("errata_window_errors{error_type=\"DATA_EMPTY\",window=\"day\"}) > 1000\n")
    expect(Prometheus.rules({ thresholds: { DATA_EMPTY: {}, API_RATE_LIMIT: {}, NETWORK_TIMEOUT: {} } })).toBe(
      "groups: []\n"
    )
  })

  it.each([
    [{ thresholds: { API_FORMAT: { perMinute: 0 } } }, {}, "thresholds.API_FORMAT.perMinute is 0"],
    [
      { rules: [{ name: "x", objective: 1 }] },
      {},
      "rules[0].objective is 1: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"
    ],
    [{ rules: [{ name: "x", objective: 0.9, by: "source" }] }, {}, "rules[0] has by without of: \"attempts\""],
    [{ objective: 99.9 }, {}, "objective is 99.9: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"],
    [{ limit: 1 }, {}, "unknown option \"limit\""],
    [[], {}, "options is []: it must be an object with any of thresholds"],
    [{}, { groupBy: ["job-name"] }, "groupBy[0]: \"job-name\" is no label name: it must consist of letters"],
    [{}, { labels: { "a b": "c" } }, "labels: \"a b\" is no label name: it must consist of letters"],
    [{}, { keepFiringFor: -1 }, "keepFiringFor is -1"]
  ])("refuse %o, %o", (limits, options, message) => {
    expect(() => Prometheus.rules(limits as Prometheus.Limits, options)).toThrow(message)
  })
})

describe.skipIf(!hasPromtool)("alert rules fire as the model does", () => {
  const window = { error_type: "DATA_EMPTY", window: "minute" }

  it("limits, summed up over two processes, with counts that rise and fall and scrapes that fail", () => {
    const next = draws(42)
    const tests: Array<Test> = []
    for (let i = 0; i < 12; i++) {
      const [a, b]: [Array<number | "_">, Array<number | "_">] = [[], []]
      let level = 5
      for (let step = 0; step < 40; step++) {
        level = Math.max(0, level + next(7) - 3)
        a.push(level)
        b.push(next(3))
      }
      const firing = model(a.map((n, i) => Number(n) + Number(b[i])), { limit: 10, recovered: 8, keep: 60 })
      tests.push({
        name: `${i}`,
        input: [
          [series("errata_window_errors", { ...window, instance: "a" }), a],
          [series("errata_window_errors", { ...window, instance: "b" }), b]
        ],
        alerts: ["ErrataLimitExceeded"],
        firing: firing.map((isFiring) =>
          isFiring ? [{ alertname: "ErrataLimitExceeded", labels: { ...window, severity: "info" }, summary: "" }] : []
        )
      })
    }
    expect(tests.flatMap(({ firing }) => firing).filter((step) => step.length > 0).length).toBeGreaterThan(50)
    // The number in the summary is that of the last time that the expression held.
    const rules = Prometheus.rules({ thresholds: { DATA_EMPTY: { perMinute: 10 } } }).replace(
      /summary: ".*"/g,
      "summary: \"\""
    )
    testRules(rules, tests)
  })

  it("says the count, names the code, and ends with a target that is gone", () => {
    const summary = (n: number) => `DATA_EMPTY occurred ${n} times in the window minute (limit: 10)`
    const fires = (
      n: number
    ) => [{ alertname: "ErrataLimitExceeded", labels: { ...window, severity: "info" }, summary: summary(n) }]
    testRules(Prometheus.rules({ thresholds: { DATA_EMPTY: { perMinute: 10 } } }, { keepFiringFor: 0 }), [{
      name: "edges",
      input: [[series("errata_window_errors", { ...window, instance: "a" }), [10, 11, 10, 9, 8, 9, 12, "stale"]]],
      alerts: ["ErrataLimitExceeded"],
      firing: [[], fires(11), fires(10), fires(9), [], [], fires(12), []]
    }])
  })

  it("scrapes that fail for less than a minute do not resolve an alert", () => {
    const values = [11, 12, "stale", "_", "_", 12, "stale", "_", "_", "_", "_", "_"] as const
    const gap = [false, true, true, true, true, true, true, true, true, true, false, false]
    testRules(
      Prometheus.rules({ thresholds: { DATA_EMPTY: { perMinute: 11 } } }).replace(/summary: ".*"/g, "summary: \"\""),
      [{
        name: "gap",
        input: [[series("errata_window_errors", { ...window, instance: "a" }), values]],
        alerts: ["ErrataLimitExceeded"],
        firing: gap.map((isFiring) =>
          isFiring ? [{ alertname: "ErrataLimitExceeded", labels: { ...window, severity: "info" }, summary: "" }] : []
        )
      }]
    )
  })

  it("hostile names are those of the series and of the alert", () => {
    const labels = { error_type: hostile, window: hostile }
    testRules(Prometheus.rules(limits, { keepFiringFor: 0 }), [{
      name: "hostile",
      input: [[series("errata_window_errors", { ...labels, instance: "a" }), [3, 4, 3]]],
      alerts: ["ErrataLimitExceeded"],
      firing: [
        [],
        ...[4, 3].map((n) => [{
          alertname: "ErrataLimitExceeded",
          labels: { ...labels, severity: "error" },
          summary: `${hostile} occurred ${n} times in the window ${hostile} (limit: 3)`
        }])
      ]
    }])
  })

  it("rules on a dimension fire for each value, rules on a ratio with enough attempts", () => {
    const rules = Prometheus.rules({
      rules: [
        { name: "worst", by: "symbol", window: "minute", limit: 5 },
        { name: "share", window: "minute", ratio: 0.5, minAttempts: 10 },
        { name: "share by", by: "source", window: "hour", ratio: 0.2, minAttempts: 4 }
      ]
    }, { keepFiringFor: 0 })
    const of = (name: string, labels: Readonly<Record<string, string>>) => series(name, { instance: "a", ...labels })
    const worst = (value: string, n: number): Firing => ({
      alertname: "ErrataRuleExceeded",
      labels: { rule: "worst", window: "minute", dimension: "symbol", value, severity: "error" },
      summary: `worst: errors occurred ${n} times in the window minute, symbol ${value} (limit: 5)`
    })
    const share = (percent: string): Firing => ({
      alertname: "ErrataFailureRate",
      labels: { rule: "share", window: "minute", severity: "error" },
      summary: `share: ${percent} of the attempts in the window minute failed (limit: 50%)`
    })
    const value = (value: string) => ({ rule: "worst", window: "minute", dimension: "symbol", value })
    const minute = { rule: "share", window: "minute" }
    const hour = { rule: "share", window: "hour" }
    const day = { rule: "share", window: "day" }
    testRules(rules, [
      {
        name: "values",
        input: [
          [of("errata_rule_errors", value("A")), [5, 6, 5, 4, 7]],
          [of("errata_rule_errors", value("B")), [9, 9, 3, 3, 3]]
        ],
        alerts: ["ErrataRuleExceeded"],
        firing: [[worst("B", 9)], [worst("A", 6), worst("B", 9)], [worst("A", 5)], [], [worst("A", 7)]]
      },
      {
        name: "ratio: too few attempts do not fire; once it fires, the next longer window decides",
        input: [
          [of("errata_rule_errors", minute), [9, 5, 6, 5, 3, 3, 0, 0, 0]],
          [of("errata_rule_attempts", minute), [9, 10, 10, 10, 5, 5, 0, 0, 0]],
          [of("errata_rule_errors", hour), [9, 5, 6, 5, 50, 39, 50, 0, 0]],
          [of("errata_rule_attempts", hour), [9, 10, 10, 10, 100, 100, 100, 0, 0]],
          [of("errata_rule_errors", day), [9, 5, 6, 5, 0, 0, 0, 90, 0]],
          [of("errata_rule_attempts", day), [9, 10, 10, 10, 100, 100, 100, 100, 0]]
        ],
        alerts: ["ErrataFailureRate"],
        firing: [[], [], [share("60%")], [share("50%")], [share("50%")], [], [], [], []]
      },
      {
        name: "ratio: without traffic the last day decides, and without any there is no alert",
        input: [
          [of("errata_rule_errors", minute), [10, 0, 0, 0]],
          [of("errata_rule_attempts", minute), [10, 0, 0, 0]],
          [of("errata_rule_errors", hour), [10, 10, 0, 0]],
          [of("errata_rule_attempts", hour), [10, 10, 0, 0]],
          [of("errata_rule_errors", day), [10, 10, 10, 0]],
          [of("errata_rule_attempts", day), [10, 10, 10, 0]]
        ],
        alerts: ["ErrataFailureRate"],
        firing: [[share("100%")], [share("100%")], [share("100%")], []]
      }
    ])
  })

  describe("objectives", () => {
    const burn = (
      { factor, labels = {}, long, of, percent, severity, suffix = "" }: {
        readonly long: string
        readonly factor: string
        readonly percent: string
        readonly severity: string
        readonly of: readonly [name: string, what: string, objective: string]
        readonly labels?: Readonly<Record<string, string>>
        readonly suffix?: string
      }
    ): Firing => ({
      alertname: "ErrataErrorBudgetBurn",
      labels: { rule: of[0], window: long, burn_rate: factor, severity, ...labels },
      summary: `${of[0]}: ${percent} of the ${
        of[1]
      } in ${long} failed${suffix}, at least ${factor} times what the objective of ${of[2]} allows`
    })

    it("burn over two windows at once, recover by either, and never without calls", () => {
      const calls = (outcome: string, window: string) =>
        series("errata_window_calls", { instance: "a", outcome, window })
      const rows = (window: string, failed: ReadonlyArray<number>, made: ReadonlyArray<number>) =>
        [
          [calls("failed", window), failed],
          [calls("refused", window), failed.map(() => 0)],
          [calls("expected_empty", window), failed.map(() => 0)],
          [calls("succeeded", window), made.map((n, i) => n - (failed[i] ?? 0))]
        ] as const
      const of = ["calls", "calls", "99.9%"] as const
      const fast = (percent: string) => [burn({ long: "1h", factor: "14.4", percent, severity: "critical", of })]
      const slow = (percent: string) => [burn({ long: "6h", factor: "6", percent, severity: "warning", of })]
      testRules(Prometheus.rules({ objective: 0.999 }, { keepFiringFor: 0 }), [{
        name: "burn rates",
        input: [
          ...rows("5m", [0, 50, 50, 0, 50, 1, 0, 1, 0, 0], [100, 100, 100, 100, 100, 80, 0, 100, 100, 0]),
          ...rows("1h", [0, 5, 200, 200, 15, 12, 12, 12, 0, 0], [
            1000,
            1000,
            1000,
            1000,
            1000,
            1000,
            1000,
            1000,
            1000,
            0
          ]),
          ...rows("30m", [0, 0, 0, 0, 0, 0, 0, 0, 5, 0], [500, 500, 500, 500, 500, 500, 500, 500, 500, 0]),
          ...rows("6h", [0, 0, 0, 0, 0, 0, 0, 0, 60, 0], [6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 0])
        ],
        alerts: ["ErrataErrorBudgetBurn"],
        firing: [
          // Nothing; the short window only; both; the short one is over.
          [],
          [],
          fast("20%"),
          [],
          // Above the limit; below it, but not recovered; without calls in the short window; recovered.
          fast("1.5%"),
          fast("1.2%"),
          fast("1.2%"),
          [],
          // The slow pair; nothing at all.
          slow("1%"),
          []
        ]
      }])
    })

    it("need the least number of events in the long window", () => {
      const calls = (outcome: string, window: string, values: ReadonlyArray<number>) =>
        [series("errata_window_calls", { instance: "a", outcome, window }), values] as const
      testRules(Prometheus.rules({ rules: [{ name: "few", objective: 0.9, minEvents: 20 }] }, { keepFiringFor: 0 }), [{
        name: "few",
        input: ["5m", "30m", "1h", "6h"].flatMap((window) => [
          calls("failed", window, [1, 19, 20]),
          calls("succeeded", window, [0, 0, 0])
        ]),
        alerts: ["ErrataErrorBudgetBurn"],
        firing: [[], [], [burn({
          long: "6h",
          factor: "6",
          percent: "100%",
          severity: "warning",
          of: ["few", "calls", "90%"]
        })]]
      }])
    })

    it("of attempts by the values of a dimension read the gauges of their rule", () => {
      const of = (name: string, window: string, value: string, values: ReadonlyArray<number>) =>
        [series(name, { instance: "a", rule: "slo", window, dimension: "source", value }), values] as const
      const rules = [{ name: "slo", objective: 0.99, of: "attempts", by: "source" }] as const
      testRules(Prometheus.rules({ rules }, { keepFiringFor: 0 }), [{
        name: "by source",
        input: ["rest", "vision"].flatMap((source) =>
          ["5m", "1h"].flatMap((window) => [
            of("errata_rule_errors", window, source, [0, source === "rest" ? 30 : 5]),
            of("errata_rule_attempts", window, source, [100, 100])
          ])
        ),
        alerts: ["ErrataErrorBudgetBurn"],
        firing: [[], [burn({
          long: "1h",
          factor: "14.4",
          percent: "30%",
          severity: "critical",
          of: ["slo", "attempts", "99%"],
          labels: { dimension: "source", value: "rest" },
          suffix: ", source rest"
        })]]
      }])
    })
  })

  it.effect("and with the pages of a tracker, as its own alerts do", () =>
    Effect.gen(function*() {
      const service = yield* ErrorTracker.ErrorTracker
      const next = draws(99)
      const values = new Map<string, Array<number | "_">>()
      const firing: Array<Array<Firing>> = []
      const limit = { limit: 6, recovered: 4 }
      const counts: Array<number> = []
      const active: Array<boolean> = []
      for (let step = 0; step < 60; step++) {
        const isStorm = Math.floor(step / 10) % 2 === 1
        for (let i = next(isStorm ? 5 : 2); i > 0; i--) {
          yield* service.track(new FetchError.ApiFormat({ status: 503, context: { symbol: "A" } }))
        }
        for (const { name, samples } of parsePage(Prometheus.text(yield* Prometheus.families()), "text")) {
          if (name !== "errata_window_errors") continue
          for (const { labels, value } of samples) {
            const key = series(name, { instance: "a", ...labels })
            const known = values.get(key) ?? Array.from({ length: step }, () => "_" as const)
            values.set(key, [...known, value])
          }
        }
        counts.push((yield* service.stats({ window: "1 minute" })).total)
        active.push(
          (yield* service.activeAlerts).some(({ code, window }) => code === "API_FORMAT" && window === "minute")
        )
        yield* TestClock.adjust(Duration.seconds(seconds))
      }
      // At every scrape: an alert of Prometheus is one of the tracker, and a count above the limit is an alert of both.
      const expected = model(counts, { ...limit, keep: 0 })
      expect(expected.filter((isFiring) => isFiring).length).toBeGreaterThan(10)
      for (const [i, isFiring] of expected.entries()) {
        if (isFiring) expect([i, active[i]]).toEqual([i, true])
        if ((counts[i] ?? 0) > limit.limit) expect([i, isFiring]).toEqual([i, true])
        firing.push(
          isFiring
            ? [{
              alertname: "ErrataLimitExceeded",
              labels: { error_type: "API_FORMAT", window: "minute", severity: "error" },
              summary: ""
            }]
            : []
        )
      }
      const thresholds = { API_FORMAT: { perMinute: limit.limit } }
      testRules(
        Prometheus.rules({ thresholds }, { keepFiringFor: 0 }).replace(/summary: ".*"/g, "summary: \"\""),
        [{ name: "tracker", input: Array.from(values), alerts: ["ErrataLimitExceeded"], firing }]
      )
    }).pipe(Effect.provide(ErrorTracker.layer({ thresholds: { API_FORMAT: { perMinute: 6 } } }))))
})
