import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { existingLakeOf, withStage } from "../app/lake.ts"
import { decodeSettingsOf } from "../app/options.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, hashKeyNames, lakeNames, lineageNames } from "../app/settings.ts"
import { replay as runReplay } from "../ingest/replay.ts"
import { count, number } from "../record/count.ts"
import { isDeadLetterReason } from "../record/dead-letter-reasons.ts"
import { changeHashKey, json } from "./common.ts"
import { print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { allContracts, contractOf, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, ...catalogNames, "maxRecordBytes", "maxDepth", ...hashKeyNames, ...lineageNames)

export const replay = Command.make(
  "replay",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription("Only this dataset. Without it, all that the lake has."), Flag.optional),
    reason: Flag.String("reason").pipe(
      Flag.withDescription("Only dead letters of this reason, such as too_deep; `sluice status` tells which wait."),
      Flag.withMetavar("REASON"),
      Flag.filterMap(
        (reason) => (isDeadLetterReason(reason) ? Option.some(reason) : Option.none()),
        (reason) => `There is no reason ${reason}: docs/dead-letters.md lists them`
      ),
      Flag.optional
    ),
    changeHashKey,
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const named = Option.isSome(flags.dataset) ? [yield* contractOf(flags.dataset.value)] : yield* allContracts
    const result = yield* Effect.gen(function* () {
      const present = yield* withStage(named)
      if (present.length === 0) {
        return yield* new Failed({
          problem: `there is no stage of ${named.map(({ contract }) => contract.name).join(" or ")} at ${values.lake}`,
          hint: "Check --dataset and --lake; sluice status says what lies there."
        })
      }
      const onRun = yield* runListener(withDatabase(values), present)
      const progress = yield* makeProgress("replay", !flags.json)
      const decode = decodeSettingsOf(values)
      const total = { letters: 0, rows: 0, left: 0, cut: 0, unread: 0, structured: 0 }
      for (const [i, contract] of present.entries()) {
        const done = yield* runReplay({
          contract,
          decode,
          reason: Option.getOrNull(flags.reason),
          changeHashKey: flags.changeHashKey,
          onEvent: onRun,
          onSteps: ({ share, doing }) => progress.show((i + share) / present.length, `${contract.contract.name}: ${doing}`)
        })
        total.letters += done.letters
        total.rows += done.rows
        total.left += done.left
        total.cut += done.cut
        total.unread += done.unread
        total.structured += done.structured
      }
      return total
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "write")))
    yield* print(flags.json, result, () =>
      [
        `${count(result.letters, "dead letter")} read again: ${result.rows === 1 ? "1 became a row" : `${number(result.rows)} became rows`}, ${number(result.left)} ${result.left === 1 ? "stays" : "stay"}.`,
        ...(result.cut === 0
          ? []
          : [
              `${count(result.cut, "of these was", "of these were")} longer than --max-record-bytes and cut: ingest them again from their source, as new files, under a higher limit.`
            ]),
        ...(result.unread === 0
          ? []
          : [
              `${count(result.unread, "of these was", "of these were")} announced and could not be read, so that there is no record: write these objects anew, or copy them onto themselves, once they can be read.`
            ]),
        ...(result.structured === 0
          ? []
          : [
              `${count(result.structured, "of these was", "of these were")} structured JSON that Firehose could not convert, with values that are hashed already, and would be again: mend the table that Firehose converts by, and send their records again from where they came.`
            ])
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Read the dead letters again with today's contract. What becomes a row leaves the dead letters; twice is once."),
  Command.withExamples([
    { description: "Once a contract was mended, or a limit raised", command: "sluice replay --lake lake --max-record-bytes 20MiB" }
  ])
)
