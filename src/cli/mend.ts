import { Effect } from "effect"
import { Command } from "effect/cli"
import { Unreachable, UsageError } from "../app/failures.ts"
import { streamOf } from "../app/sources.ts"
import { count } from "../record/count.ts"
import { isLocalStream } from "../stream/local/local-stream.ts"
import { type Lost, type SetAside, setAside } from "../stream/local/set-aside.ts"
import { json, toggle } from "./common.ts"
import { print } from "./output.ts"
import { use } from "./settings.ts"

const settings = use("stream")

const iso = (millis: number): string => new Date(millis).toISOString()

const lostText = ({ after, before, file, first, from, last, to }: Lost): string => {
  const bytes = to > from ? `bytes ${from} to ${to} of ${file} cannot be read` : `behind byte ${from} of ${file} nothing is there`
  const lost =
    last < first
      ? "no record is lost by it"
      : `${count(last - first + 1, "record is", "records are")} lost: ${first} to ${last} of the stream, ${after === null ? "" : `which came from ${iso(after)} on and `}before ${iso(before)}`
  return `${bytes}; ${lost}`
}

const mendText = ({ kept, lost }: SetAside, isTrial: boolean): string => {
  if (lost.length === 0 && kept.length === 0) return "Nothing in the stream is damaged."
  const end = isTrial
    ? "Nothing was changed."
    : "The stream can be read and put into again. Readers tell what is lost as a gap. As they were, files lie in:"
  return [...lost.map(lostText), end, ...kept].join("\n")
}

export const mend = Command.make(
  "mend",
  { dryRun: toggle("dry-run", "Say what is damaged, and what is lost. Change nothing."), settings: settings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const folder = yield* streamOf(yield* settings.read(flags.settings))
    if (!isLocalStream(folder))
      return yield* new UsageError({ problem: `--stream ${folder} is no folder`, hint: "Only a stream in a folder is mended." })
    const done = yield* Effect.mapError(
      setAside(folder, flags.dryRun),
      ({ detail, hint }) => new Unreachable({ problem: `${folder}: ${detail}`, hint: hint ?? "Look at the folder." })
    )
    yield* print(flags.json, { dryRun: flags.dryRun, ...done }, () => mendText(done, flags.dryRun))
  })
).pipe(
  Command.withDescription("Set aside what is damaged of a stream in a folder, and say which records are lost."),
  Command.withExamples([
    { description: "What is lost", command: "sluice mend --stream hits --dry-run" },
    { description: "Go on without it", command: "sluice mend --stream hits" }
  ])
)
