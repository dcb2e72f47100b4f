import { Effect } from "effect"
import { Command } from "effect/cli"
import { replay as runReplay } from "../ingest/replay.ts"
import { contractOf, dataset, decodeSettingsOf, json, storeOf } from "./common.ts"
import { lineageFor } from "./lineage.ts"
import { number, print } from "./output.ts"
import { use } from "./settings.ts"

const settings = use("lake", "maxRecordBytes", "maxDepth", "hashKey", "lineage", "lineageKey", "lineageNamespace")

export const replay = Command.make(
  "replay",
  { dataset, settings: settings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const contract = yield* contractOf(flags.dataset)
    const result = yield* Effect.gen(function* () {
      const lineage = yield* lineageFor(values, [contract])
      return yield* runReplay({ contract, decode: decodeSettingsOf(values), onEvent: lineage.emit })
    }).pipe(Effect.scoped, Effect.provide(storeOf(values)))
    yield* print(
      flags.json,
      result,
      () => `${number(result.letters)} dead letters read again: ${number(result.rows)} became rows, ${number(result.left)} stay.`
    )
  })
).pipe(
  Command.withDescription("Read the dead letters again with today's contract. What becomes a row leaves the dead letters; twice is once.")
)
