import { DataIntegrity } from "../../FetchError.js"

/** What is wrong with a file as the archive has it. It stays so, however often it is fetched. */
export const corrupt = (message: string, wanted?: string, found?: string, cause?: unknown): DataIntegrity =>
  new DataIntegrity({ message, wanted, found, cause, retryable: false })
