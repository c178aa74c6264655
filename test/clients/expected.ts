/** What an error has to say: its tag, its advice and its evidence, no more and no less. */
import type { FetchError } from "effect-errata/FetchError"

export interface Expected {
  /** `fine`: the client saw no fault. `interrupted`: there is no error, only the caller's wish to stop. */
  readonly tag: FetchError["_tag"] | "fine" | "interrupted"
  readonly retryable?: boolean
  readonly status?: number
  readonly apiCode?: number
  readonly errno?: string
  readonly phase?: Phase
  readonly hostname?: string
  readonly banned?: true
  /** Milliseconds. */
  readonly retryAfter?: number
}

type Phase = "connect" | "headers" | "body" | "total"

export const fine: Expected = { tag: "fine" }
export const interrupted: Expected = { tag: "interrupted" }

export const connection = (errno?: string): Expected => ({
  tag: "NetworkConnection",
  retryable: true,
  ...(errno !== undefined && { errno })
})

export const certificate = (errno: string): Expected => ({ tag: "NetworkConnection", retryable: false, errno })

export const timeout = (phase?: Phase): Expected => ({
  tag: "NetworkTimeout",
  retryable: true,
  ...(phase !== undefined && { phase })
})

export const format: Expected = { tag: "ApiFormat", retryable: false }
export const corrupt: Expected = { tag: "DataIntegrity", retryable: true }
export const unreadable: Expected = { tag: "DataTransformation", retryable: false }
export const invalid: Expected = { tag: "DataValidation", retryable: false }
export const unexpected: Expected = { tag: "Unexpected", retryable: false }
export const internal: Expected = { tag: "Internal", retryable: false }

/** What a status means, if nothing else is known. */
export const answered = (status: number): Expected => {
  switch (status) {
    case 401:
    case 407:
      return { tag: "ApiAuth", retryable: false, status }
    case 403:
    case 451:
      return { tag: "ApiPermission", retryable: false, status }
    case 418:
      return { tag: "ApiRateLimit", retryable: true, status, banned: true }
    case 429:
      return { tag: "ApiRateLimit", retryable: true, status }
    case 408:
    case 504:
      return timeout()
    case 500:
    case 502:
    case 503:
      return { tag: "ApiFormat", retryable: true, status }
    default:
      return { tag: "ApiFormat", retryable: status >= 520 && status < 530, status }
  }
}
