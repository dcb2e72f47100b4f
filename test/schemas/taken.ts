import { mkdirSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { matcherOf } from "../../src/contract/arrives.ts"
import { bytesIn } from "../../src/contract/bytes-at.ts"
import type { CompiledContract } from "../../src/contract/compile.ts"
import { formatOf } from "../../src/contract/format.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { run } from "../ingest/support.ts"

/** Puts a file into a folder. @param writtenAt milliseconds since 1970 */
export const put = (folder: string, name: string, content: string | Uint8Array, writtenAt?: number): void => {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  if (writtenAt !== undefined) utimesSync(path, writtenAt / 1000, writtenAt / 1000)
}

/** Takes the files of a folder that are of a dataset into its stage. Every record must become a row. @returns how many there are */
export const ingested = (folder: string, contract: CompiledContract) =>
  Effect.gen(function* () {
    const { arrives = [], fields } = contract.contract
    const source = yield* filesSource({
      input: folder,
      format: framingOf(formatOf(contract.contract)),
      bytesAt: bytesIn(fields),
      takes: matcherOf(arrives)
    })
    const { counts } = yield* run(source, { contract })
    assert.deepStrictEqual(counts.deadLetters, {})
    return counts.rows
  })
