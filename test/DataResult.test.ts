import { describe, expect, it } from "@effect/vitest"
import { DateTime, Option } from "effect"
import { DataResult, FetchContext } from "effect-errata"

describe("an error of one's own", () => {
  const error = Object.assign(new Error("refused: apiKey=hunter2"), {
    _tag: "Mine",
    code: "MINE",
    category: "Mine",
    severity: "ERROR" as const,
    context: FetchContext.empty
  })
  const result = DataResult.make({ data: [], error: Option.some(error), timestamp: DateTime.unsafeMake(0) })

  it("a secret in its message is in no text of the result", () => {
    expect(result.message).toEqual(Option.some("refused: apiKey=<redacted>"))
    expect(result.toLogRecord()["error_message"]).toBe("refused: apiKey=<redacted>")
    expect(Option.getOrThrow(result.stackTrace)).toContain("refused: apiKey=<redacted>")
    expect(Option.getOrThrow(result.stackTrace)).not.toContain("hunter2")
  })

  it("a stack that is none: the tag and the message, without secrets", () => {
    const bare = { ...error, message: error.message, stack: undefined }
    const { stackTrace } = DataResult.make({ data: [], error: Option.some(bare), timestamp: DateTime.unsafeMake(0) })
    expect(stackTrace).toEqual(Option.some("Mine: refused: apiKey=<redacted>"))
  })
})
