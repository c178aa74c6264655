import { existsSync, readdirSync } from "node:fs"
import { basename, dirname } from "node:path"

/**
 * The rooms of pure code that are mutated, and the tests that run on the mutants of each. Shells of Effect are left out, and
 * so are tests that start processes or servers, or that run an application: a mutant must be decided in a second or two.
 * `slow`: the beginnings of the names of single tests that are left out. `runs`: the most runs of a property.
 */
export const rooms = {
  classifier: {
    mutate: ["src/internal/classifier/*.ts", "!src/internal/classifier/{classifierModel,drain,names,tags}.ts"],
    tests: [
      "test/Classifier.test.ts",
      "test/classifier/{bugs,data,effects,otherClients,rules,runtimeMessages,shapes,table,wording}.test.ts",
      "test/internal/classifier/{evidence,shapes,waits}.test.ts"
    ],
    slow: ["a page of invalid rows", "no such format"]
  },
  tracker: {
    mutate: [
      "src/SlidingWindow.ts",
      "src/internal/tracker/counting/{empties,gauges,hourly,latency,slots,successBuffer,tally,windows,worst}.ts",
      "src/internal/tracker/alerting/{carryOver,combinedWindow,edges,errorBudget,groupWatch}.ts",
      "src/internal/tracker/alerting/{limits,limitWatch,watchedEvents}.ts"
    ],
    tests: [
      "test/{Alert,SlidingWindow,Threshold}.test.ts",
      "test/internal/tracker/{recentErrors,status}.test.ts",
      "test/internal/tracker/counting/*.test.ts",
      "test/internal/tracker/alerting/{combinedWindow,errorBudget,evaluator,groupWatch,limitWatch,limits}.test.ts",
      "test/internal/tracker/alerting/{objectiveWatch,watchedEvents}.test.ts"
    ],
    // Fewer would not meet enough of the cases that the tests ask for.
    runs: 80,
    slow: [
      "Law 6: ten million",
      "Law 6: the newest 1,024",
      "Law 8: beyond 1,024",
      "are the last ones of all",
      "has the edges that it would have without steps"
    ]
  },
  retry: {
    mutate: ["src/internal/retry/{backoff,budget,circuit,failureWindow,gate,giveUpReason,pressure}.ts"],
    tests: ["test/internal/retry/*.test.ts"]
  },
  insight: {
    mutate: ["src/internal/insight/*.ts", "!src/internal/insight/insightModel.ts"],
    tests: ["test/Insight.test.ts", "test/Insight.offenders.test.ts", "test/internal/insight/*.test.ts"],
    slow: [
      "histories in which nothing is the matter",
      "histories that began to go wrong",
      "is asked in a few lines",
      "is of one instant",
      "never returns NaN",
      "reads a bounded number",
      "a higher limit on the same window is never reached sooner",
      "the tail of a negative binomial is the exact one, also"
    ]
  },
  klines: {
    mutate: [
      "src/binance/internal/klines/{candleMap,columns,combine,csvText,evidence,exchangeClock,jsonText}.ts",
      "src/binance/internal/klines/{klinesModel,minuteWeight,numberText,ranges,restAnswer,restRows}.ts",
      "src/binance/internal/klines/{rowIterator,rowSources,split,symbols}.ts"
    ],
    tests: [
      "test/binance/{KlineRequest,Klines,Klines.formats}.test.ts",
      "test/binance/internal/klines/{candleMap,columns,evidence,exchangeClock,klinesModel,minuteWeight,numberText,ranges,restAnswer,restRows,rowSources,split,symbols}.test.ts"
    ]
  }
}

/** `a/{b,c}*.ts` as `a/b*.ts` and `a/c*.ts`. */
const alternatives = (pattern) => {
  const braces = /\{([^{}]*)\}/.exec(pattern)
  return braces === null
    ? [pattern]
    : braces[1].split(",").flatMap((name) => alternatives(pattern.replace(braces[0], () => name)))
}

const matching = (pattern) => {
  const [before, after] = basename(pattern).split("*")
  if (after === undefined) return existsSync(pattern) ? [pattern] : []
  return readdirSync(dirname(pattern))
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => `${dirname(pattern)}/${name}`)
}

/** Each single pattern of these, without its exclamation mark, and the files that it names. */
export const filesByPattern = (patterns) =>
  new Map(patterns.flatMap((pattern) => alternatives(pattern.replace("!", "")).map((one) => [one, matching(one)])))

/** The files that are named by these patterns, and not by one with an exclamation mark. */
export const filesOf = (patterns) => {
  const named = (some) => [...filesByPattern(some).values()].flat()
  const excluded = named(patterns.filter((pattern) => pattern.startsWith("!")))
  return named(patterns.filter((pattern) => !pattern.startsWith("!"))).filter((file) => !excluded.includes(file))
}
