/** Faults of any connection and of any answer, whatever API it is. */
import * as Duration from "effect/Duration"
import { type Answer, complete, jsonAnswer, type Reply } from "./wireModel.js"

export type ConnectionAction =
  | { readonly _tag: "Latency"; readonly duration: Duration.Duration }
  | { readonly _tag: "Silence" }
  | { readonly _tag: "ResetBeforeHeaders" }
  | { readonly _tag: "CloseBeforeHeaders" }
  | { readonly _tag: "ResetMidBody" }
  | { readonly _tag: "TruncatedBody" }
  | { readonly _tag: "StalledBody" }
  | { readonly _tag: "NotJson"; readonly body: string }
  | { readonly _tag: "Body"; readonly body: string; readonly status: number; readonly contentType: string }

/** The reply to a request that a fault hits. */
export const faultyReply = (action: ConnectionAction, answer: Answer): Reply => {
  switch (action._tag) {
    case "Latency":
      return { ...complete(answer), delay: Duration.toMillis(action.duration) }
    case "Silence":
      return { delay: 0, answer: undefined, ending: "silence" }
    case "ResetBeforeHeaders":
      return { delay: 0, answer: undefined, ending: "reset" }
    case "CloseBeforeHeaders":
      return { delay: 0, answer: undefined, ending: "close" }
    case "ResetMidBody":
      return { delay: 0, answer, ending: "reset" }
    case "TruncatedBody":
      return { delay: 0, answer, ending: "close" }
    case "StalledBody":
      return { delay: 0, answer, ending: "silence" }
    case "NotJson":
      return complete({ ...jsonAnswer(200, null), body: action.body })
    case "Body":
      return complete({
        status: action.status,
        headers: action.contentType === "" ? {} : { "content-type": action.contentType },
        body: action.body
      })
  }
}
