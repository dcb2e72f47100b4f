import { closeSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { Effect, Stream } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { compileContract } from "../../src/contract/compile.ts"
import type { Contract } from "../../src/contract/contract.ts"
import { formatOf } from "../../src/contract/format.ts"
import type { KernelName } from "../../src/decode/bytes/record-reader.ts"
import { makeDecoder } from "../../src/decode/decoder.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import type { Upload } from "../../src/store/store.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Job, Prepared } from "./job.ts"

/** The core as ingest uses it, without its commits: pages of a file → columns → a Parquet file. */
export const sluice = (job: Job & { readonly kind: "sluice" }): Prepared => {
  const decode = decoding(contracts[job.contract], job.input, job.kernel)
  mkdirSync(job.output, { recursive: true })
  return { run: () => Effect.runPromise(Effect.scoped(Effect.flatMap(plainFile(join(job.output, "sluice.parquet")), decode))) }
}

/** Writes a file, and does not wait until it is on the disk: neither does the peer. What a store does for durability is in the bench `ingest`. */
const plainFile = (path: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => openSync(path, "w")),
      (file) => Effect.sync(() => closeSync(file))
    ),
    (file): Upload => {
      let size = 0
      return {
        write: (bytes) =>
          Effect.sync(() => {
            size += writeSync(file, bytes)
          }),
        finish: Effect.sync(() => ({ size }))
      }
    }
  )

/** The product's defaults, with a key: sensitive values are hashed, as they are in production. */
export const decodeSettings = { hashKey: Buffer.from("bench"), maxDepth: 64, maxRecordBytes: 10 * 1024 * 1024 }

/**
 * Decodes a file, and writes Parquet to an upload; to none: forgets the rows. Gives how many there were. The decoder and the columns are
 * made once, as in ingest, which uses them for batch after batch.
 */
export const decoding = (contract: Contract, input: string, kernel: KernelName = "simd") => {
  const compiled = compileContract(contract)
  const columns = stageColumns(compiled.columns)
  const decoder = makeDecoder(compiled, decodeSettings, { kernel })
  const builders = new ColumnBuilders(columns)
  return (upload: Upload | null) =>
    Effect.gen(function* () {
      const parquet = upload === null ? null : openParquetFile(columns, upload)
      const sink = { columnsFor: () => builders, deadLetter: () => {}, counts: emptyCounts() }
      const source = yield* filesSource({ input, format: framingOf(formatOf(contract), "lines"), arrivedAt: 0 })
      const empty = Effect.gen(function* () {
        if (parquet !== null) yield* parquet.write(builders)
        builders.clear()
      })
      // The next page is read while one is decoded, as in ingest.
      const pages = source.pages(new Map()).pipe(Stream.buffer({ capacity: 1 }))
      yield* Stream.runForEach(pages, (page) =>
        Effect.suspend(() => {
          decoder.decodePage("bench", page, sink)
          return builders.bytes < defaultBatchLimits.bufferBytes ? Effect.void : empty
        })
      )
      if (builders.rowCount > 0) yield* empty
      return parquet === null ? sink.counts.rows : (yield* parquet.finish).rows
    })
}
