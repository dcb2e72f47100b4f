import { Schema } from "effect"

/**
 * Why a source cannot give records, classified by what to do: `NotFound`, `Denied` and `Invalid` need a person, `Unreadable` a better copy
 * of the data, `Unavailable` may pass by itself. The message says what, where and what to do; it never quotes a record.
 */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  /** Name of the source. */
  source: Schema.String,
  reason: Schema.Literals(["NotFound", "Denied", "Unreadable", "Invalid", "Unavailable"]),
  /** File, folder, stream or URL. */
  location: Schema.String,
  /** What is wrong, as a sentence without its full stop. */
  detail: Schema.String,
  /** What to do about it. */
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.detail}: ${this.location}. ${this.hint}`
  }
}
