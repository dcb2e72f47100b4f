import { membersOf } from "../record/members.ts"

/** What calls a function, as the records of its event say: `aws:kinesis`, `aws:sqs`, `aws:s3`, `aws:sns`. Null: it has none, or they are not of one kind. */
export const recordsFrom = (event: unknown): string | null => {
  const { Records } = membersOf(event)
  if (!Array.isArray(Records)) return null
  const sources = new Set(
    Records.map((record: unknown) => {
      const { eventSource, EventSource } = membersOf(record)
      return eventSource ?? EventSource
    })
  )
  const [only] = sources
  return sources.size === 1 && typeof only === "string" ? only : null
}

/** What an event of EventBridge says that it is. Null: it is none. */
export const detailTypeOf = (event: unknown): string | null => {
  // Samples of AWS have it in both forms.
  const { "detail-type": type, detailType, source } = membersOf(event)
  const found = type ?? detailType
  return typeof found === "string" && typeof source === "string" ? found : null
}
