import { Cause, Schema } from "effect"

/** The command line asks for something that does not exist or does not fit. Exit code 2. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** A setting from the environment cannot be used. Exit code 78 (`EX_CONFIG` of sysexits.h). */
export class BadConfig extends Schema.TaggedError<BadConfig>()("BadConfig", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** What the settings name, and nothing can begin without, does not answer. It may later. Exit code 1. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** The command did its work, and the work's answer is "no": a check failed, a record was lost. Exit code 1, with the report already printed. */
export class Failed extends Schema.TaggedError<Failed>()("Failed", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** What is said of an error. */
export interface ToldFailure {
  /** Its tag; `Unexpected` for what nobody has foreseen, which is a defect of Sluice. */
  readonly kind: string
  readonly message: string
  readonly isKnown: boolean
}

/** What is said of what ended some work. */
export const toldOf = (cause: Cause.Cause<unknown>): ToldFailure => {
  const error = Cause.squash(cause)
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof Error && "_tag" in error
    ? { kind: String(error._tag), message, isKnown: true }
    : { kind: "Unexpected", message, isKnown: false }
}
