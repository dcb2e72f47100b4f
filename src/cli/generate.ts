import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { UsageError } from "../app/failures.ts"
import { trafficSettings } from "../generate/hits/options.ts"
import { settingsOf } from "../generate/options.ts"
import { type GenerateProgress, pipeGenerated, pipeHits, writeGenerated, writeHits } from "../generate/write.ts"
import { writeProject } from "../generate/write-project.ts"
import { count } from "../record/count.ts"
import { json, positive, share, toggle, withDefault } from "./common.ts"
import { bytes, print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { project } from "./project.ts"

const badOption = (cause: unknown): UsageError =>
  new UsageError({
    problem: (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, ""),
    hint: "See sluice generate --help."
  })

const { generator } = project
const dataSets = Object.entries(generator?.adapters ?? {})

export const generate = Command.make(
  "generate",
  {
    kind: withDefault(
      Flag.Literals("kind", ["orders", "hits", "project"]),
      `What to make: \`orders\` of shops, \`hits\` as the pages of one send them of their visitors, or what the \`project\` makes for itself, ${generator === null ? "where it brings a generator" : generator.description}.`,
      generator === null ? "orders" : "project"
    ),
    size: positive("size").pipe(
      Flag.withDescription(
        `With --kind project: how much, in what the project counts. ${generator === null ? "Without it, as much as the project says" : `Default: ${generator.defaultSize} ${generator.counts}`}.`
      ),
      Flag.optional
    ),
    from: Flag.String("from").pipe(
      Flag.withDescription(
        `With --kind project: the published data set to make input of. ${dataSets.length === 0 ? "The project has none." : dataSets.map(([name, { description }]) => `\`${name}\`: ${description}`).join("; ")}`
      ),
      Flag.optional
    ),
    input: Flag.String("input").pipe(
      Flag.withDescription("With --from: the folder that has the data set."),
      Flag.withMetavar("DIR"),
      Flag.optional
    ),
    visitors: withDefault(positive("visitors"), "With --kind hits: visitors to make; each sends some twelve hits.", 1_000),
    orders: withDefault(positive("orders"), "Orders to make; each has one or more versions.", 20_000),
    seed: withDefault(Flag.Int("seed"), "Same seed, same bytes.", 1),
    out: Flag.String("out").pipe(
      Flag.withDescription(
        "Folder to write to: one or more files per arrival hour, YYYY/MM/DD/HH/. `-` is standard output: a record a line."
      )
    ),
    dirt: withDefault(share("dirt"), "Share of records (0 to 1) that are bad, late or doubled.", 0),
    items: Flag.Finite("items").pipe(
      Flag.withDescription(
        "Items of an order on average, 1 to 200; a few orders have many times as many. Default: one to six, 1.8 on average."
      ),
      Flag.optional
    ),
    form: withDefault(
      Flag.Literals("form", ["mixed", "stringified", "document"]),
      "How records are written: `stringified`, every value a string; `document`, nested JSON; `mixed`, as feeds come: a tenth nested, a tenth with escapes, also where --dirt is 0.",
      "mixed"
    ),
    gzip: toggle("gzip", "Compress the files."),
    json
  },
  Effect.fnUntraced(function* ({ json, items, kind, visitors, size, from, input, ...rest }) {
    const options = { ...rest, items: Option.getOrUndefined(items) }
    const { out, seed, gzip } = options
    const traffic = { visitors, seed, out, gzip }
    if (kind !== "project")
      yield* Effect.try({ try: () => (kind === "hits" ? trafficSettings(traffic) : settingsOf(options)), catch: badOption })
    if (Option.isSome(from) && kind !== "project")
      return yield* new UsageError({
        problem: `--from is for --kind project, not ${kind}`,
        hint: "Leave --kind out, and name the project with --project."
      })
    if (Option.isSome(from) !== Option.isSome(input))
      return yield* new UsageError({
        problem: Option.isSome(from) ? "--from needs --input" : "--input needs --from",
        hint: "Give both: the name of a data set, and the folder that has it."
      })
    const progress = yield* makeProgress("generate", !json)
    const onProgress = (done: GenerateProgress) =>
      progress.show(null, `${count(done.records, "record")}, ${bytes(done.rawBytes)}`, done.rawBytes)
    if (kind === "project") {
      if (generator === null || out === "-")
        return yield* new UsageError(
          generator === null
            ? {
                problem: `the project ${project.name} brings no generator`,
                hint: "Give --kind orders or --kind hits, or another --project."
              }
            : { problem: "--kind project needs a folder", hint: "It makes files of several datasets: give --out DIR." }
        )
      const settings =
        Option.isSome(from) && Option.isSome(input)
          ? { from: from.value, input: input.value }
          : { seed, size: Option.getOrElse(size, () => generator.defaultSize) }
      const manifest = yield* writeProject(generator, settings, { out, gzip, onProgress })
      progress.clear()
      const text = `${count(manifest.records, "record")} in ${count(manifest.files.length, "file")}, ${bytes(manifest.rawBytes)}, in ${out}`
      return yield* print(json, manifest, () => text)
    }
    if (out === "-") {
      if (gzip || json) {
        return yield* new UsageError({
          problem: "--gzip and --json need a folder",
          hint: "Standard output has the records, and nothing else."
        })
      }
      if (kind === "hits") return yield* pipeHits({ ...traffic, onProgress }, toStandardOutput)
      return yield* pipeGenerated({ ...options, onProgress }, toStandardOutput)
    }
    const [manifest, of] =
      kind === "hits"
        ? [yield* writeHits({ ...traffic, onProgress }), count(visitors, "visitor")]
        : [yield* writeGenerated({ ...options, onProgress }), count(options.orders, "order")]
    progress.clear()
    yield* print(json, manifest, () => `${count(manifest.records, "record")} of ${of}, ${bytes(manifest.rawBytes)}, in ${out}`)
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Write deterministic orders, or the hits of a shop's visitors, shaped like the real ones, with what goes wrong mixed in."
  ),
  Command.withExamples([
    {
      description: "A thousand orders, a twentieth of the records bad, late or doubled",
      command: "sluice generate --orders 1000 --dirt 0.05 --out orders"
    },
    {
      description: "Traffic of a shop, for a lake of the web project",
      command: "sluice generate --kind hits --visitors 500 --out hits"
    },
    {
      description: "What a project makes for itself",
      command: "SLUICE_PROJECT=schemas/bright-light sluice generate --out in"
    },
    {
      description: "The same of a data set that others publish",
      command: "SLUICE_PROJECT=schemas/bright-light sluice generate --from superstore --input superstore_us --out in"
    }
  ])
)

/** As fast as it is read. When nobody reads it any more, the command is interrupted: see `shutdown.ts`. */
const toStandardOutput = (piece: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    process.stdout.write(piece, (error) => {
      if (error === null || error === undefined) resume(Effect.void)
    })
  })
