import { Effect, Schema } from "effect"
import type { Contract } from "../contract/contract.ts"
import { count } from "../record/count.ts"
import type { DecodeCounts } from "../record/report.ts"

/** Rows came for which the contract orders to stop. Nothing of their batch is committed, dead letters neither: it is read again when it is begun again. */
export class QualityError extends Schema.TaggedError<QualityError>()("QualityError", {
  dataset: Schema.String,
  /** Those that did not hold. */
  expectations: Schema.Array(Schema.String),
  problem: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** Fails where an expectation of severity `stop` did not hold of some row. @param counts of a batch, all of it decoded */
export const stopWhereOrdered = ({ name, expectations }: Contract, { quality }: DecodeCounts): Effect.Effect<void, QualityError> => {
  const broken = expectations.filter(({ name, severity }) => severity === "stop" && (quality[name] ?? 0) > 0)
  if (broken.length === 0) return Effect.void
  const found = broken.map((each) => `${each.name} for ${count(quality[each.name] ?? 0, "row")} (${each.description})`)
  return Effect.fail(
    new QualityError({
      dataset: name,
      expectations: broken.map((each) => each.name),
      problem: `${name} was stopped before a commit, as its contract orders: what must hold does not, ${found.join(", ")}`,
      hint: "Nothing of the batch was committed. Correct what sends such records, or the contract: severity reject makes them dead letters."
    })
  )
}
