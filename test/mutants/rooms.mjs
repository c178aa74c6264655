/** The pure cores that are mutated, and the tests that run on the mutants of each. */
export const rooms = {
  classifier: {
    mutate: ["src/internal/classifier/*.ts", "!src/internal/classifier/{classifierModel,names,tags}.ts"],
    tests: ["test/Classifier.test.ts", "test/classifier/**/*.test.ts", "test/internal/classifier/**/*.test.ts"]
  },
  tracker: {
    mutate: ["src/SlidingWindow.ts", "src/internal/tracker/{core,derived}.ts", "src/internal/tracker/{alerting,counting}/*.ts"],
    tests: ["test/SlidingWindow.test.ts", "test/ErrorTracker*.test.ts", "test/internal/tracker/**/*.test.ts"]
  },
  retry: {
    mutate: ["src/internal/retry/{attempts,backoff,budget,circuit,failureWindow,gate,giveUpReason,pressure,rows}.ts"],
    tests: ["test/RetryPolicy*.test.ts"]
  },
  insight: {
    mutate: ["src/internal/insight/*.ts", "!src/internal/insight/insightModel.ts"],
    tests: ["test/Insight*.test.ts", "test/internal/insight/**/*.test.ts"]
  },
  klines: {
    mutate: ["src/binance/internal/klines/*.ts"],
    tests: ["test/binance/Klines*.test.ts", "test/binance/klines/**/*.test.ts"]
  }
}
