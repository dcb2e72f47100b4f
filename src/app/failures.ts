import { Schema } from "effect"

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

/** The command did its work, and the work's answer is "no": a check failed, a record was lost. Exit code 1, with the report already printed. */
export class Failed extends Schema.TaggedError<Failed>()("Failed", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}
