import { existsSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { basename, dirname, join, relative } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Failed, UsageError } from "../app/failures.ts"
import { lakeUrl } from "../app/lake.ts"
import { command, isClone, root } from "../app/project.ts"
import { s3Place } from "../app/setting-types.ts"
import type { Values } from "../app/settings.ts"
import { athenaDdl } from "../catalog/athena.ts"
import { glueTable } from "../catalog/glue-table.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { deadLettersMarkdown } from "../contract/dead-letters.ts"
import { shortPath } from "../contract/file-of-caller.ts"
import { jsonSchema } from "../contract/json-schema.ts"
import { contractMarkdown } from "../contract/markdown.ts"
import { consumablePath, deadLettersPath, runsPath, stagePath } from "../lake/layout.ts"
import { parquetSchema } from "../parquet/schema.ts"
import type { Column } from "../record/column.ts"
import { count } from "../record/count.ts"
import { stageColumns, stagePartitions } from "../record/system-columns.ts"
import { makeFolders } from "../store/local-files.ts"
import { deltaSchema } from "../table/schema.ts"
import { json, toggle, withDefault } from "./common.ts"
import { printProposal } from "./infer-contract.ts"
import { lintContracts } from "./lint-contracts.ts"
import { print, table } from "./output.ts"
import { allContracts, contractOf, firstDataset, project, projectArgument, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

const tables = (compiled: CompiledContract) => ({
  stage: { columns: stageColumns(compiled.columns), partitions: stagePartitions },
  consumable: { columns: stageColumns(compiled.consumableColumns), partitions: compiled.identity.partition.columns }
})

const both = <A>(
  compiled: CompiledContract,
  derive: (table: ReturnType<typeof tables>["stage"], zone: "stage" | "consumable") => A
): { stage: A; consumable: A } => {
  const { stage, consumable } = tables(compiled)
  return { stage: derive(stage, "stage"), consumable: derive(consumable, "consumable") }
}

/** Everything that is derived from a contract, by form. */
const forms = {
  columns: (compiled: CompiledContract) => compiled.columns,
  delta: (compiled: CompiledContract) => both(compiled, ({ columns, partitions }) => deltaSchema([...columns, ...partitions])),
  parquet: (compiled: CompiledContract) => both(compiled, ({ columns }) => parquetSchema(columns)),
  "json-schema": (compiled: CompiledContract) => jsonSchema(compiled.contract),
  glue: (compiled: CompiledContract) =>
    both(compiled, ({ columns, partitions }, zone) =>
      glueTable(
        compiled,
        zone,
        deltaSchema([...columns, ...partitions]),
        partitions.map(({ name }) => name)
      )
    ),
  markdown: (compiled: CompiledContract) => contractMarkdown(compiled.contract)
} as const

type Form = keyof typeof forms

const textOf = (form: Form, compiled: CompiledContract): string => {
  const derived = forms[form](compiled)
  return typeof derived === "string" ? derived : `${JSON.stringify(derived, null, 2)}\n`
}

/** The statements that make tables known to Athena: those of a dataset, or of all and what they share. Where no lake in S3 is named, its place is left open. */
const athena = (dataset: CompiledContract | null, values: Values<"lake" | "glueDatabase">): string => {
  const lake = s3Place(values.lake) === null ? "s3://BUCKET/PREFIX" : lakeUrl(values)
  const pathsOf = ({ contract: { name } }: CompiledContract) => [stagePath(name), consumablePath(name)]
  const paths = dataset === null ? [...[...project.compiled.values()].flatMap(pathsOf), deadLettersPath, runsPath] : pathsOf(dataset)
  return athenaDdl(withDatabase(values).glueDatabase, lake, paths)
}

/** Projects that come with Sluice have their pages among its own. */
const isShipped = !relative(join(root, "schemas"), project.folder).startsWith("..")

/** The files that are derived from the project, as absolute paths, and what must stand in them. */
export const derivedFiles = (): ReadonlyMap<string, string> => {
  const folder = join(project.folder, "derived")
  return new Map([
    ...(isShipped ? [[join(root, "docs", "dead-letters.md"), deadLettersMarkdown()] as const] : []),
    ...[...project.compiled].flatMap(([name, contract]) => [
      [
        join(isShipped ? join(root, "docs", "contracts", basename(project.folder)) : folder, `${name}.md`),
        textOf("markdown", contract)
      ] as const,
      [join(folder, `${name}.schema.json`), textOf("json-schema", contract)] as const,
      [join(folder, `${name}.glue.json`), textOf("glue", contract)] as const
    ])
  ])
}

const staleFiles = (): ReadonlyArray<string> =>
  [...derivedFiles()].flatMap(([file, text]) => (existsSync(file) && readFileSync(file, "utf8") === text ? [] : [shortPath(file)]))

const writeFiles = Effect.tryPromise({
  try: async () => {
    for (const [file, text] of derivedFiles()) {
      await makeFolders(dirname(file))
      await writeFile(file, text)
    }
  },
  catch: (cause) =>
    new Failed({
      problem: `the derived files cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Check that the folder of the project can be written."
    })
})

const settings = use("lake", "glueDatabase")

/** Columns whose values are sensitive, by what becomes of them: `2 hash, 1 drop`. */
const sensitiveColumnsOf = (columns: CompiledContract["columns"]): { readonly [policy: string]: number } => {
  const counts: { [policy: string]: number } = {}
  const walk = (column: Column): void => {
    if (column.kind !== "leaf") (column.kind === "list" ? [column.element] : column.fields).forEach(walk)
    else if (column.sensitive !== undefined) counts[column.sensitive] = (counts[column.sensitive] ?? 0) + 1
  }
  columns.forEach(walk)
  return counts
}

const whiteboardHead = [
  "dataset",
  "what",
  "system",
  "its owner",
  "owner",
  "format",
  "comes every",
  "new within",
  "sensitivity",
  "sensitive columns",
  "columns"
]

/** What is written of a source on the whiteboard, before anybody builds anything. */
const whiteboardRow = (each: {
  readonly name: string
  readonly title: string
  readonly sourceSystem: string | null
  readonly systemOwner: string | null
  readonly owner: string
  readonly format: string
  readonly loadFrequency: string | null
  readonly refreshEvery: string | null
  readonly sensitivity: string
  readonly sensitive: { readonly [policy: string]: number }
  readonly columns: number
}): ReadonlyArray<string> => [
  each.name,
  each.title,
  ...[each.sourceSystem, each.systemOwner, each.owner, each.format, each.loadFrequency, each.refreshEvery].map((text) => text ?? "–"),
  each.sensitivity,
  Object.entries(each.sensitive)
    .map(([policy, n]) => `${n} ${policy}`)
    .join(", ") || "none",
  String(each.columns)
]

export const contracts = Command.make(
  "contracts",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription("The contract to print. Without it, all are listed."), Flag.optional),
    form: withDefault(
      Flag.Literals("form", ["columns", "delta", "parquet", "json-schema", "glue", "athena", "markdown"]),
      "What to derive from it. athena: statements that make the tables of --lake known there, of all datasets where none is named.",
      "markdown"
    ),
    write: toggle("write", "Write the files that are derived from the project."),
    check: toggle("check", "Fail where a derived file of the project is stale."),
    infer: Flag.String("infer").pipe(
      Flag.withDescription("Print a contract that is proposed for the records of this file; --dataset names it. Without it, none is."),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    lint: toggle("lint", "Check the contracts of the project, or of PATH: all that is wrong at once, and advice."),
    path: Argument.String("path").pipe(
      Argument.withDescription("For --lint: a file with a contract, or the folder of a project."),
      Argument.optional
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ dataset, form, write, check, infer, lint, path, settings: given, json }) {
    if (Option.isSome(infer)) return yield* printProposal(infer.value, Option.getOrNull(dataset), json)
    if (lint) return yield* lintContracts(Option.getOrNull(path), json)
    if (Option.isSome(path))
      return yield* new UsageError({
        problem: `${JSON.stringify(path.value)} is a path, which only --lint takes`,
        hint: "Check a contract or a project with: sluice contracts --lint PATH"
      })
    if ((write || check) && isShipped && !isClone)
      return yield* new UsageError({
        problem: `the project ${project.name} is part of the package, and so is what is derived of it`,
        hint: "Name a project of your own: --project DIR."
      })
    if (write || check) yield* allContracts
    if (write) yield* writeFiles
    if (write || check) {
      const stale = staleFiles()
      yield* print(
        json,
        { files: [...derivedFiles().keys()].map(shortPath), stale },
        () => `${count(derivedFiles().size - stale.length, "derived file is", "derived files are")} fresh.`
      )
      if (stale.length === 0) return
      return yield* new Failed({
        problem: `stale: ${stale.join(", ")}`,
        hint: `Write them anew with: ${command} contracts --write${projectArgument}`
      })
    }
    if (form === "athena") {
      const values = yield* settings.read(given)
      const sql = athena(Option.isSome(dataset) ? yield* contractOf(dataset.value) : null, values)
      return yield* print(json, { sql }, () => sql)
    }
    if (Option.isNone(dataset) && form !== "markdown") {
      return yield* new UsageError({
        problem: `--form ${form} is of one contract`,
        hint: `Give --dataset too: ${[...project.compiled.keys()].join(" or ")}.`
      })
    }
    if (Option.isSome(dataset)) {
      const contract = yield* contractOf(dataset.value)
      return yield* print(json && form === "markdown", { markdown: textOf("markdown", contract) }, () => textOf(form, contract).trimEnd())
    }
    const list = [...project.compiled.values()].map(({ contract, columns }) => ({
      name: contract.name,
      title: contract.title,
      sourceSystem: contract.sourceSystem ?? null,
      systemOwner: contract.systemOwner ?? null,
      owner: contract.owner,
      steward: contract.steward ?? null,
      format: contract.format?.kind ?? "json",
      loadFrequency: contract.loadFrequency ?? null,
      refreshEvery: contract.refreshEvery ?? null,
      sensitivity: contract.sensitivity,
      sensitive: sensitiveColumnsOf(columns),
      approval: contract.approval ?? null,
      columns: columns.length
    }))
    yield* print(json, list, () => table([whiteboardHead, ...list.map(whiteboardRow)]))
    yield* allContracts
  })
).pipe(
  Command.withDescription("Show the contracts, and what is derived from them."),
  Command.withExamples([
    { description: "What a dataset is", command: `sluice contracts --dataset ${firstDataset}` },
    { description: "Its columns for the Glue catalog", command: `sluice contracts --dataset ${firstDataset} --form glue` },
    {
      description: "Statements that make the tables of a lake known to Athena",
      command: "sluice contracts --form athena --lake s3://my-lake/shop"
    },
    { description: "A contract for the records of a file, to begin with", command: "sluice contracts --infer orders.csv > shop/orders.ts" },
    { description: "Is a contract right, and could it be better?", command: "sluice contracts --lint shop/orders.ts" }
  ])
)
