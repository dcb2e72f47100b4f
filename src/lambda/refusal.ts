import { Effect, Schema } from "effect"
import { membersOf } from "../record/members.ts"
import { detailTypeOf, recordsFrom } from "./event-kinds.ts"

/** An event is not one that a function takes. */
export class EventRefused extends Schema.TaggedError<EventRefused>()("EventRefused", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** @param takes what the function takes, as a noun: `a scheduled event of EventBridge` */
export const refuse = (event: unknown, takes: string): Effect.Effect<never, EventRefused> =>
  Effect.fail(new EventRefused({ problem: `the event is ${wordsOf(event)}`, hint: `This function takes ${takes}: look at what calls it.` }))

/** What an event is, as far as its envelope tells. Nothing of what it carries is quoted. */
const wordsOf = (event: unknown): string => {
  const { Records, records, source, awslogs, deliveryStreamArn } = membersOf(event)
  if (Array.isArray(Records)) {
    if (Records.length === 0) return "without records"
    const from = recordsFrom(event)
    return isName(from) ? `of records of ${from}` : "of records of nobody knows what"
  }
  if (Array.isArray(records) && deliveryStreamArn !== undefined) return "a transformation of Firehose"
  if (awslogs !== undefined) return "of CloudWatch Logs"
  const type = detailTypeOf(event)
  return isName(source) && isName(type) ? `"${type}" of ${source}` : "of a kind that is not known"
}

/** Of those that AWS gives, and of nobody else's length. */
const isName = (value: unknown): value is string => typeof value === "string" && /^[\w .:-]{1,80}$/.test(value)
