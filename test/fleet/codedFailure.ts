/** Failures of an application, told apart by their code. */
export class CodedFailure extends Error {
  readonly _tag = "Failure"
  readonly category = "Test"
  readonly severity = "ERROR" as const
  readonly context = {}
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}
