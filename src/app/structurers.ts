import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
import { unfitColumns } from "../firehose/structured-json.ts"
import { makeStructurer, type Structurer } from "../firehose/structurer.ts"
import { hashKeyProblem, holdsHashes } from "../lake/hash-key.ts"
import { stagePath } from "../lake/layout.ts"
import { findTable } from "../lake/tables.ts"
import { type DecodeCounts, sumOf } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { BadConfig } from "./failures.ts"

/** What structures the records of each dataset. Made when its first record comes, and kept. */
export interface Structurers {
  /** Fails where Firehose could not deliver what the contract says. */
  readonly of: (contract: CompiledContract) => Effect.Effect<Structurer, BadConfig>
}

export const structurers = (decode: DecodeSettings): Structurers => {
  const made = new Map<string, Structurer>()
  return {
    of: (contract) =>
      Effect.suspend(() => {
        const { name } = contract.contract
        const known = made.get(name)
        if (known !== undefined) return Effect.succeed(known)
        const [problem] = unfitColumns(contract.columns)
        if (problem !== undefined)
          return Effect.fail(
            new BadConfig({
              problem: `dataset ${name} cannot go by Firehose: ${problem}`,
              hint: "Let a consumer read it (sluice ingest, or the function consumeStream), which has no such limits."
            })
          )
        const structurer = makeStructurer(contract, decode)
        made.set(name, structurer)
        return Effect.succeed(structurer)
      })
  }
}

/** What structuring came to, for the log: nothing else tells of it, since there is no commit. Names of the contract, and numbers. */
export const countsToTell = ({ records, rows, empty, deadLetters, drops, rescued, masked, quality, drift }: DecodeCounts) => ({
  records,
  rows,
  empty,
  deadLetters,
  drops,
  rescued,
  masked,
  quality,
  unknownFields: sumOf(drift)
})

/** Names of delivery streams by dataset, as the setting says. */
export type DeliveryStreams = Readonly<Record<string, string>>

const setStreams = "Set it to dataset=stream,dataset=stream."

/** Where the structured JSON of a dataset goes. */
export const streamOf = (streams: DeliveryStreams, dataset: string): Effect.Effect<string, BadConfig> => {
  const stream = Object.hasOwn(streams, dataset) ? streams[dataset] : undefined
  return stream === undefined || stream === ""
    ? Effect.fail(
        new BadConfig({ problem: `SLUICE_DELIVERY_STREAMS names no delivery stream for the dataset ${dataset}`, hint: setStreams })
      )
    : Effect.succeed(stream)
}

/** The dataset whose records a delivery stream carries. */
export const datasetOf = (streams: DeliveryStreams, stream: string): Effect.Effect<string, BadConfig> => {
  const found = Object.entries(streams).filter(([, name]) => name === stream)
  const [[dataset] = []] = found
  return dataset === undefined || found.length > 1
    ? Effect.fail(
        new BadConfig({
          problem: `SLUICE_DELIVERY_STREAMS names ${dataset === undefined ? "no dataset" : "more than one dataset"} for the delivery stream ${stream}`,
          hint: setStreams
        })
      )
    : Effect.succeed(dataset)
}

/**
 * Refuses to structure by another hash key than that of the stages: what was hashed by it could not be joined with what is there. A stage that is not there yet takes
 * the key of whoever registers its first file.
 */
export const refuseOtherHashKey = (
  contracts: ReadonlyArray<CompiledContract>,
  hashKey: Uint8Array | null
): Effect.Effect<void, BadConfig | TableError | StoreError, Store> =>
  Effect.forEach(
    contracts.filter(({ columns }) => columns.some(holdsHashes)),
    ({ contract }) =>
      Effect.gen(function* () {
        const stage = yield* findTable(stagePath(contract.name))
        if (Option.isNone(stage)) return
        const { files, metaData } = yield* stage.value.snapshot
        const problem = files.size === 0 ? null : hashKeyProblem(metaData, hashKey)
        if (problem !== null) return yield* new BadConfig({ ...problem, problem: `${stagePath(contract.name)}: ${problem.problem}` })
      }),
    { discard: true }
  )
