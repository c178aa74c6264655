/**
 * The rooms of pure code that are mutated, and the tests that run on the mutants of each. Tests that start processes, servers
 * or thousands of fibers are left out: a mutant must be decided in seconds. Shells of Effect are left out as well: their
 * tests are of that kind.
 */
export const rooms = {
  classifier: {
    mutate: ["src/internal/classifier/*.ts", "!src/internal/classifier/{classifierModel,drain,names,tags}.ts"],
    tests: [
      "test/Classifier.test.ts",
      "test/classifier/{bugs,data,effects,otherClients,rules,runtimeMessages,shapes,table,wording}.test.ts",
      "test/internal/classifier/{evidence,secrets,shapes,waits}.test.ts"
    ]
  },
  tracker: {
    mutate: [
      "src/SlidingWindow.ts",
      "src/internal/tracker/core.ts",
      "src/internal/tracker/counting/*.ts",
      "src/internal/tracker/alerting/*.ts",
      "!src/internal/tracker/alerting/{alertLog,subscribers}.ts"
    ],
    tests: [
      "test/{Alert,SlidingWindow,Threshold,ErrorTracker,ErrorTracker.reads,ErrorTracker.status}.test.ts",
      "test/internal/tracker/{recentErrors,snapshotMerge,status}.test.ts",
      "test/internal/tracker/counting/*.test.ts",
      "test/internal/tracker/alerting/{combinedWindow,errorBudget,evaluator,groupWatch,limitWatch,limits,objective,objectiveWatch,watchedEvents}.test.ts"
    ]
  },
  retry: {
    mutate: ["src/internal/retry/{backoff,budget,circuit,failureWindow,gate,giveUpReason,pressure,rows}.ts"],
    tests: ["test/internal/retry/*.test.ts", "test/RetryPolicy.{circuit,messages,model}.test.ts"]
  },
  insight: {
    mutate: ["src/internal/insight/*.ts", "!src/internal/insight/insightModel.ts"],
    tests: ["test/Insight.test.ts", "test/Insight.offenders.test.ts", "test/internal/insight/*.test.ts"]
  },
  klines: {
    mutate: [
      "src/binance/internal/klines/{candleMap,closeTimes,columns,combine,csvText,evidence,exchangeClock,exchangeTime,failure}.ts",
      "src/binance/internal/klines/{jsonText,klinesModel,minuteWeight,numberText,pages,ranges,requestRange,restAnswer}.ts",
      "src/binance/internal/klines/{restRows,rowIterator,rowSources,split,symbols,textOptions}.ts"
    ],
    tests: [
      "test/binance/{KlineRequest,Klines,Klines.formats,DataSourceManager.kinds}.test.ts",
      "test/binance/internal/klines/{numberText,restRows,rowSources}.test.ts"
    ]
  }
}
