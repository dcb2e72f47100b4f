import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { replay as runReplay } from "../ingest/replay.ts"
import { stagePath } from "../lake/layout.ts"
import { findTable } from "../lake/tables.ts"
import { allContracts, changeHashKey, contractOf, decodeSettingsOf, existingLakeOf, json } from "./common.ts"
import { Failed } from "./failures.ts"
import { lineageFor } from "./lineage.ts"
import { number, print } from "./output.ts"
import { lakeNames, use } from "./settings.ts"

const settings = use(...lakeNames, "maxRecordBytes", "maxDepth", "hashKey", "lineage", "lineageKey", "lineageNamespace")

export const replay = Command.make(
  "replay",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription("Only this dataset. Without it, all that the lake has."), Flag.optional),
    changeHashKey,
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const named = Option.isSome(flags.dataset) ? [yield* contractOf(flags.dataset.value)] : yield* allContracts
    const result = yield* Effect.gen(function* () {
      const present = yield* Effect.filter(named, ({ contract }) => Effect.map(findTable(stagePath(contract.name)), Option.isSome))
      if (present.length === 0) {
        return yield* new Failed({
          problem: `there is no stage of ${named.map(({ contract }) => contract.name).join(" or ")} at ${values.lake}`,
          hint: "Check --dataset and --lake; sluice status says what lies there."
        })
      }
      const lineage = yield* lineageFor(values, present)
      const decode = decodeSettingsOf(values)
      const total = { letters: 0, rows: 0, left: 0, cut: 0 }
      for (const contract of present) {
        const done = yield* runReplay({
          contract,
          decode,
          changeHashKey: flags.changeHashKey,
          onEvent: lineage.emit
        })
        total.letters += done.letters
        total.rows += done.rows
        total.left += done.left
        total.cut += done.cut
      }
      return total
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "write")))
    yield* print(flags.json, result, () =>
      [
        `${number(result.letters)} dead letters read again: ${number(result.rows)} became rows, ${number(result.left)} stay.`,
        ...(result.cut === 0
          ? []
          : [
              `${number(result.cut)} of these were longer than --max-record-bytes and cut: ingest them again from their source, as new files, under a higher limit.`
            ])
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Read the dead letters again with today's contract. What becomes a row leaves the dead letters; twice is once.")
)
