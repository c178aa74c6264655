/** The data model of errors: the table of facts, and the shapes that the error room and `FetchError` share. */
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as FetchContext from "../../FetchContext.js"

export const TypeId = "~effect-errata/FetchError"

export const Severity = Schema.Literal("INFO", "WARNING", "ERROR")

export const Category = Schema.Literal("Network", "Api", "Data", "Storage", "Other")

export const EmptyReason = Schema.Literal(
  "date_range",
  "filter_result",
  "api_response",
  "not_listed_yet",
  "delisted",
  "not_published_yet",
  "source_gap"
)

export const Earlier = Schema.Struct({ source: Schema.String, code: Schema.String, message: Schema.String })

export type Earlier = typeof Earlier.Type

export interface Trackable {
  readonly _tag: string
  readonly code: string
  readonly category: string
  readonly severity: typeof Severity.Type
  readonly message: string
  readonly context: FetchContext.FetchContext
  readonly retryable?: boolean | undefined
  readonly retryAfter?: Option.Option<Duration.Duration> | undefined
}

const fact = <
  const Code extends string,
  const C extends typeof Category.Type,
  const S extends typeof Severity.Type,
  const Description extends string
>(
  code: Code,
  category: C,
  severity: S,
  description: Description
) => ({ code, category, severity, description } as const)

export const facts = {
  NetworkTimeout: fact("NETWORK_TIMEOUT", "Network", "WARNING", "Network request timed out"),
  NetworkConnection: fact("NETWORK_CONNECTION", "Network", "ERROR", "Failed to establish connection"),
  NetworkDns: fact("NETWORK_DNS", "Network", "ERROR", "DNS resolution failed"),
  ApiRateLimit: fact("API_RATE_LIMIT", "Api", "WARNING", "API rate limit exceeded"),
  ApiAuth: fact("API_AUTH", "Api", "ERROR", "Authentication failed"),
  ApiPermission: fact("API_PERMISSION", "Api", "ERROR", "Insufficient permissions"),
  ApiFormat: fact("API_FORMAT", "Api", "ERROR", "API response format error"),
  DataEmpty: fact("DATA_EMPTY", "Data", "INFO", "Empty data returned (expected)"),
  DataValidation: fact("DATA_VALIDATION", "Data", "WARNING", "Data validation failed"),
  DataIntegrity: fact("DATA_INTEGRITY", "Data", "ERROR", "Data integrity check failed"),
  DataTransformation: fact("DATA_TRANSFORMATION", "Data", "ERROR", "Data transformation failed"),
  StorageRead: fact("STORAGE_READ", "Storage", "ERROR", "Failed to read from storage"),
  StorageWrite: fact("STORAGE_WRITE", "Storage", "ERROR", "Failed to write to storage"),
  StorageSpace: fact("STORAGE_SPACE", "Storage", "ERROR", "Insufficient storage space"),
  StoragePermission: fact("STORAGE_PERMISSION", "Storage", "ERROR", "Storage permission denied"),
  Unexpected: fact("UNEXPECTED", "Other", "ERROR", "Unexpected error occurred"),
  Internal: fact("INTERNAL", "Other", "ERROR", "Internal system error")
} as const

export type Tag = keyof typeof facts
