import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openPlace, openSource, type SourceValues } from "../../src/app/sources.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { binary, text } from "../../src/contract/field.ts"
import { parquet } from "../../src/contract/format.ts"
import { definition } from "../ingest/order.ts"
import { folderWith, textsOf } from "../source/collect.ts"

describe("the source that flags name", () => {
  it.effect("writes bytes of Parquet as the contract's fields read them", () =>
    Effect.gen(function* () {
      const input = yield* folderWith({})
      yield* Effect.promise(async () => {
        const instance = await DuckDBInstance.create(":memory:", { threads: "1" })
        const connection = await instance.connect()
        await connection.run(`COPY (SELECT 'abcd'::BLOB AS b, 'abcd'::BLOB AS t) TO '${join(input, "a.parquet")}'`)
        connection.closeSync()
        instance.closeSync()
      })
      const fields = { ...definition.fields, b: binary("Bytes.", { from: "hex" }), t: text("Text.") }
      const contract = compileContract(defineContract({ ...definition, fields, format: parquet }))
      const values: SourceValues = {
        input,
        arrivedAt: 0,
        maxRecordBytes: 1024,
        queue: null,
        stream: null,
        endpoint: null,
        region: null,
        s3Endpoint: null,
        start: { type: "TRIM_HORIZON" },
        workers: 1,
        worker: 0,
        pollInterval: 1000,
        batchAge: 1000
      }
      const share = { place: openPlace(values, false), takes: undefined, pageBytes: undefined, large: undefined }
      const { source } = yield* openSource({ source: "files", format: "auto" }, contract, values, false, share)
      assert.deepStrictEqual(yield* textsOf(source), ['{"b":"61626364","t":"abcd"}'])
    })
  )
})
