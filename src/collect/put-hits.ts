import { Effect, Option, Random, Result } from "effect"
import type { KinesisApi, KinesisError } from "../stream/kinesis/api.ts"
import { callLimits, sizeOf } from "../stream/kinesis/put-calls.ts"
import type { HitRecord } from "./envelope.ts"

/** Where hits are put. */
export interface HitStream {
  readonly api: Pick<KinesisApi, "putRecords">
  readonly name: string
  /** Told of each group: null where all of it is stored, else why not. */
  readonly onPut: (why: string | null) => void
}

/** One PutRecords takes no more, by the limits that every stream has. */
export const groupLimits = { records: callLimits.records, bytes: callLimits.bytes / 2 } as const

/** What a hit counts in a group. */
export const sizeOfHit = ({ partitionKey, data }: HitRecord): number => sizeOf({ partitionKey, data })

/** How often a hit is tried, and milliseconds before it is tried again, which double. */
const attempts = 5
const firstPause = 50

/**
 * Puts a group of hits, at most {@link groupLimits}, and tells of each whether it is in the stream. What the stream refuses for now is tried again within `patience` milliseconds; so is a call
 * whose answer did not come, after which a hit may be there twice, under one id.
 */
export const putHits = (
  { api, name, onPut }: HitStream,
  hits: ReadonlyArray<HitRecord>,
  patience: number
): Effect.Effect<ReadonlyArray<boolean>> => {
  const isStored = hits.map(() => false)
  let why = ""
  const tries = Effect.gen(function* () {
    let waiting = hits.map((_, i) => i)
    for (let attempt = 1; ; attempt++) {
      const result = yield* Effect.result(
        api.putRecords(
          name,
          waiting.flatMap((i) => hits[i] ?? [])
        )
      )
      if (Result.isSuccess(result)) {
        const answers = result.success
        waiting = waiting.filter((i, at) => {
          const answer = answers[at]
          if (answer?.ok === true) isStored[i] = true
          else why = answer?.code ?? "no answer"
          return answer?.ok !== true
        })
      } else {
        why = result.failure.message
        if (!isPassing(result.failure)) return
      }
      if (waiting.length === 0 || attempt === attempts) return
      yield* Effect.sleep(firstPause * 2 ** (attempt - 1) * (yield* Random.nextBetween(0.5, 1)))
    }
  })
  return Effect.map(Effect.timeoutOption(tries, patience), (done) => {
    if (Option.isNone(done) && why === "") why = `no answer within ${patience / 1000} s`
    onPut(isStored.includes(false) ? why : null)
    return isStored
  })
}

const isPassing = ({ reason }: KinesisError): boolean => reason === "Throttled" || reason === "Unavailable" || reason === "ExpiredToken"

/** Hits in groups that one call takes. */
export const groupsOf = (hits: ReadonlyArray<HitRecord>): ReadonlyArray<ReadonlyArray<HitRecord>> => {
  const groups: Array<Array<HitRecord>> = []
  let size = 0
  for (const hit of hits) {
    const last = groups.at(-1)
    const own = sizeOfHit(hit)
    if (last === undefined || last.length === groupLimits.records || size + own > groupLimits.bytes) {
      groups.push([hit])
      size = own
    } else {
      last.push(hit)
      size += own
    }
  }
  return groups
}
