import { existsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { storeOf } from "../app/lake.ts"
import { duckdbOptionsOf, ingestOptionsOf } from "../app/options.ts"
import { type PipelineStep, pipeline } from "../app/pipeline.ts"
import { command, contractOf, defaultProject } from "../app/project.ts"
import { runListener } from "../app/run-listener.ts"
import { timed } from "../app/timed.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { loadProject } from "../contract/load.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { generatedDataset, questions } from "../generate/questions.ts"
import { writeGenerated } from "../generate/write.ts"
import { lakeStatus } from "../lake/status.ts"
import { verify } from "../lake/verify.ts"
import { count } from "../record/count.ts"
import { sumOf } from "../record/report.ts"
import { shellWord } from "../record/shell.ts"
import { filesSource } from "../source/files.ts"
import { makeFolders } from "../store/local-files.ts"
import { json, positive, share, withDefault } from "./common.ts"
import { countLines, maskedLine } from "./counts-text.ts"
import { progressText } from "./ingest.ts"
import { bytes, print, rate, say, seconds, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { repartitionProgress } from "./repartition.ts"
import { allSettings } from "./settings.ts"
import { checksText } from "./verify.ts"

/** Marks a folder as this command's own, which it may empty. */
const marker = ".sluice-demo"

/** Empties the folder of an earlier demonstration; refuses any other that is there. */
const freshFolder = (folder: string): Effect.Effect<void, Failed> =>
  Effect.tryPromise({
    try: async () => {
      if (existsSync(folder) && !existsSync(join(folder, marker))) throw new Error("the folder is there and is not a demonstration's")
      await rm(folder, { recursive: true, force: true })
      await makeFolders(folder)
      await writeFile(join(folder, marker), "Made by the demonstration; emptied when it runs again.\n")
    },
    catch: (cause) =>
      new Failed({
        problem: `${folder} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: "Name another folder with --out."
      })
  })

export const demo = Command.make(
  "demo",
  {
    orders: withDefault(positive("orders"), "Orders to make; each has one or more versions.", 20_000),
    seed: withDefault(Flag.Int("seed"), "Same seed, same orders.", 1),
    dirt: withDefault(share("dirt"), "Share of records (0 to 1) that are bad, late or doubled.", 0.02),
    out: withDefault(Flag.String("out"), "Folder for the orders and the lake; emptied first.", ".sluice/demo"),
    json
  },
  Effect.fnUntraced(function* ({ json, orders, seed, dirt, out }) {
    const tell = (line: string) => (json ? Effect.void : say(line))
    const folder = resolve(out)
    const raw = join(folder, "raw")
    const values = { ...(yield* allSettings.read({})), lake: join(folder, "lake"), input: raw, catalog: "none" as const }
    // Generated records are of one dataset, whatever the project of the lake that is worked on.
    const project = yield* Effect.promise(() => loadProject(defaultProject))
    const contract = yield* contractOf(project, generatedDataset)
    yield* freshFolder(folder)

    const generating = yield* makeProgress("1 generate", !json)
    const [manifest, generateMillis] = yield* timed(
      writeGenerated({
        orders,
        seed,
        dirt,
        out: raw,
        onProgress: (done) =>
          generating.show(done.records / (2 * orders), `${count(done.records, "record")}, ${bytes(done.rawBytes)}`, done.rawBytes)
      })
    )
    generating.clear()
    yield* tell(
      `1 generate     ${count(orders, "order")}, ${count(manifest.records, "record")}, ${bytes(manifest.rawBytes)}, ${(dirt * 100).toFixed(0)} % of them dirty, in ${seconds(generateMillis)}`
    )

    const result = yield* Effect.gen(function* () {
      const onRun = yield* runListener(values, [contract])
      const source = yield* filesSource({ input: raw, format: "auto", maxRecordBytes: values.maxRecordBytes })
      const ingesting = yield* makeProgress("2 ingest", !json)
      const repartitioning = yield* makeProgress("3 repartition", !json)
      const step = (it: PipelineStep) => {
        switch (it.step) {
          case "ingested":
            ingesting.clear()
            return tell(
              `2 ingest       raw JSON → stage, ${count(it.result.commits, "commit")}, in ${seconds(it.millis)}: ${rate(manifest.rawBytes, it.millis)}`
            )
          case "repartitioning":
            return Effect.sync(() => repartitioning.show(null, "…"))
          case "repartitioned":
            repartitioning.clear()
            return tell(`3 repartition  stage → consumable by day of last change, in ${seconds(it.millis)}`)
        }
      }
      const done = yield* pipeline({
        datasets: [{ contract, source }],
        follow: false,
        ingest: ingestOptionsOf(values, project.module),
        // Nothing is followed: there is one, behind the end.
        repartition: { ...duckdbOptionsOf(values), every: Number.POSITIVE_INFINITY, worker: 0 },
        stop: Effect.never,
        watch: {
          event: onRun,
          step,
          ingest: (_, p) => ingesting.show(p.bytes / manifest.rawBytes, progressText(p), p.bytes),
          repartition: (_, p) => repartitionProgress(repartitioning)(p)
        }
      })
      const [{ outcome: report = null, failure = null, millis: repartitionMillis = 0 } = {}] = done.repartitioned
      if (failure !== null) return yield* Effect.fail(failure)

      const verifying = yield* makeProgress("4 verify", !json)
      const checks = yield* Effect.scoped(
        Effect.flatMap(openDuckDB(duckdbOptionsOf(values)), (db) =>
          verify([contract], db, 0, ({ share, doing }) => verifying.show(share, doing))
        )
      )
      verifying.clear()
      const ok = checks.every((check) => check.ok)
      yield* tell(`4 verify       ${checks.filter((check) => check.ok).length} of ${checks.length} checks hold`)
      const status = yield* lakeStatus(`file://${values.lake}`, [generatedDataset])
      return { manifest, ingestMillis: done.millis, repartitionMillis, report, ok, checks, status }
    }).pipe(Effect.scoped, Effect.provide(storeOf(values, "write")))

    yield* print(json, result, () => summary(result, contract, values.lake, values.hashKey !== null))
    if (!result.ok) {
      yield* tell(checksText(result.checks))
      return yield* new Failed({ problem: "the lake does not hold what it must", hint: "The checks above say where." })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Generate orders, ingest, repartition and verify them, and show what came out. What `npm start` runs."),
  Command.withExamples([{ description: "A smaller one, in a folder of its own", command: "sluice demo --orders 2000 --out /tmp/demo" }])
)

const summary = (
  result: {
    readonly manifest: { readonly rawBytes: number; readonly records: number }
    readonly ingestMillis: number
    readonly status: Effect.Success<ReturnType<typeof lakeStatus>>
  },
  contract: CompiledContract,
  lake: string,
  hasKey: boolean
): string => {
  const [dataset] = result.status.datasets
  if (dataset === undefined) return "The lake is empty."
  const { stage, consumable, counts } = dataset
  const shown = relative(process.cwd(), lake) || lake
  const written = stage.bytes + (result.status.deadLetters?.bytes ?? 0)
  const query = (sql: string) => `  ${command} query --lake ${shellWord(shown)} "${sql}"`
  return [
    "",
    table([
      ["records read", result.manifest.records, `${bytes(result.manifest.rawBytes)} of raw JSON`],
      ["stage rows", stage.rows ?? 0, `${count(stage.files, "file")} in ${count(stage.partitions, "hour")}, ${bytes(stage.bytes)}`],
      [
        "consumable rows",
        consumable?.rows ?? 0,
        `${count(consumable?.files ?? 0, "file")} in ${count(dataset.days.length, "day")}, ${bytes(consumable?.bytes ?? 0)}`
      ],
      ["dead letters", sumOf(counts.deadLetters), "kept with their bytes and the reason"],
      ["nothing", counts.empty, "empty lines and empty objects"]
    ]),
    "",
    ...countLines(counts),
    ...maskedLine(counts, [contract], hasKey),
    "",
    `${bytes(result.manifest.rawBytes)} in, ${bytes(written)} out (${(result.manifest.rawBytes / Math.max(1, written)).toFixed(1)} times smaller), ${rate(result.manifest.rawBytes, result.ingestMillis)}`,
    `The lake lies in ${shown}: Delta tables that any engine reads; its lineage in ${join(shown, "lineage", "events.ndjson")}`,
    "",
    "Try:",
    ...questions.map(query)
  ].join("\n")
}
