import { Effect, Random as EffectRandom } from "effect"
import type { Random } from "../../src/record/seeded.ts"
import { aggregate } from "../../src/stream/kinesis/aggregation.ts"
import type { KinesisApi, PutRecord } from "../../src/stream/kinesis/api.ts"
import type { MadeRecord, RecordsOptions, SimulatedDataset } from "./shape.ts"

/** What producers made, by the bytes that they put. */
export class Made {
  readonly #records = new Map<string, ReadonlyArray<MadeRecord>>()
  count = 0

  add(data: Uint8Array, records: ReadonlyArray<MadeRecord>): void {
    this.#records.set(latin1(data), records)
  }

  /** The records that stand in a record of the stream: one in a plain one, any number in an aggregated one. */
  of(data: Uint8Array): ReadonlyArray<MadeRecord> {
    return this.#records.get(latin1(data)) ?? []
  }
}

const latin1 = (data: Uint8Array): string => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1")

export interface ProducerOptions extends RecordsOptions {
  /** Bursts that it makes, and records in each at most. */
  readonly bursts: number
  readonly burst: number
  /** Milliseconds between two bursts, on average. */
  readonly pause: number
  /** Share of stream records that are aggregated. */
  readonly aggregated: number
  /** Share of them that are broken, so that they are plain records that nobody can read. */
  readonly broken: number
  /** Share of records that are put a second time although they were put. */
  readonly doubled: number
}

/**
 * Puts records as real producers do: several in a call, again what failed, and everything again when no answer came, which makes copies.
 *
 * @param put told how many records each call had
 */
export const produce = (
  api: KinesisApi,
  dataset: SimulatedDataset,
  made: Made,
  random: Random,
  options: ProducerOptions,
  put: (records: number) => void
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const next = () => nextRecord(dataset, made, random, options)
    for (let burst = 0; burst < options.bursts; burst++) {
      yield* Effect.sleep(-options.pause * Math.log(1 - random.unit()))
      let left: ReadonlyArray<PutRecord> = Array.from({ length: random.between(1, options.burst) }, next)
      for (let attempt = 0; left.length > 0 && attempt < 50; attempt++) {
        const sent = left
        const answers = yield* Effect.exit(api.putRecords(dataset.stream, sent))
        put(sent.length)
        if (answers._tag === "Success") left = sent.filter((_, i) => answers.value[i]?.ok !== true)
        if (left.length > 0) yield* Effect.sleep(100 * 2 ** Math.min(attempt, 7) * (0.5 + (yield* EffectRandom.next)))
        // Somebody is not sure.
        else if (random.chance(options.doubled)) left = sent
      }
    }
  })

const nextRecord = (dataset: SimulatedDataset, made: Made, random: Random, options: ProducerOptions): PutRecord => {
  const make = () => dataset.make(random, made.count++, options)
  if (!random.chance(options.aggregated)) {
    const one = make()
    made.add(one.data, [one])
    return { partitionKey: one.partitionKey, data: one.data }
  }
  const records = Array.from({ length: random.between(1, 6) }, make)
  const data = aggregate(records)
  const partitionKey = records[0]?.partitionKey ?? "none"
  if (!random.chance(options.broken)) {
    made.add(data, records)
    return { partitionKey, data }
  }
  const spoiled = spoil(random, data)
  made.add(spoiled, [
    { partitionKey, data: spoiled, meaning: { kind: "dead letter", reason: spoiled.length > 2000 ? "too_large" : "not_utf8" } }
  ])
  return { partitionKey, data: spoiled }
}

/** An aggregated record that is none: another digest, cut off, or nothing but its beginning. */
const spoil = (random: Random, data: Uint8Array): Uint8Array => {
  const mark = Buffer.from(random.hex(8), "hex")
  switch (random.below(3)) {
    case 0: {
      const other = Uint8Array.from(data)
      other.set(mark, other.length - 16)
      return other
    }
    case 1:
      return Buffer.concat([data.subarray(0, 4 + random.below(data.length - 20)), mark])
    default:
      return Buffer.concat([data.subarray(0, 4), mark])
  }
}
