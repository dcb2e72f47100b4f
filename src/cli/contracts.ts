import { existsSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { CompiledContract } from "../contract/compile.ts"
import { deadLettersMarkdown } from "../contract/dead-letters.ts"
import { glueTable } from "../contract/glue.ts"
import { jsonSchema } from "../contract/json-schema.ts"
import { contractMarkdown } from "../contract/markdown.ts"
import { parquetSchema } from "../parquet/schema.ts"
import { count } from "../record/count.ts"
import { stageColumns, stagePartitions } from "../record/system-columns.ts"
import { makeFolders } from "../store/local-files.ts"
import { deltaSchema } from "../table/schema.ts"
import { allContracts, compiled, contractOf, json, toggle, withDefault } from "./common.ts"
import { Failed, UsageError } from "./failures.ts"
import { print, table } from "./output.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const tables = (compiled: CompiledContract) => ({
  stage: { columns: stageColumns(compiled.columns), partitions: stagePartitions },
  consumable: { columns: stageColumns(compiled.consumableColumns), partitions: compiled.identity.partition.columns }
})

const both = <A>(compiled: CompiledContract, derive: (table: ReturnType<typeof tables>["stage"]) => A): { stage: A; consumable: A } => {
  const { stage, consumable } = tables(compiled)
  return { stage: derive(stage), consumable: derive(consumable) }
}

/** Everything that is derived from a contract, by form. */
const forms = {
  columns: (compiled: CompiledContract) => compiled.columns,
  delta: (compiled: CompiledContract) => both(compiled, ({ columns, partitions }) => deltaSchema([...columns, ...partitions])),
  parquet: (compiled: CompiledContract) => both(compiled, ({ columns }) => parquetSchema(columns)),
  "json-schema": (compiled: CompiledContract) => jsonSchema(compiled.contract),
  glue: (compiled: CompiledContract) => both(compiled, ({ columns, partitions }) => glueTable(compiled.contract, columns, partitions)),
  markdown: (compiled: CompiledContract) => contractMarkdown(compiled.contract)
} as const

type Form = keyof typeof forms

const textOf = (form: Form, compiled: CompiledContract): string => {
  const derived = forms[form](compiled)
  return typeof derived === "string" ? derived : `${JSON.stringify(derived, null, 2)}\n`
}

/** The files of this repository that are derived, and what must stand in them. */
export const derivedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ["docs/dead-letters.md", deadLettersMarkdown()],
    ...[...compiled].flatMap(([name, contract]) => [
      [`docs/contracts/${name}.md`, textOf("markdown", contract)] as const,
      [`schemas/derived/${name}.schema.json`, textOf("json-schema", contract)] as const,
      [`schemas/derived/${name}.glue.json`, textOf("glue", contract)] as const
    ])
  ])

const staleFiles = (): ReadonlyArray<string> =>
  [...derivedFiles()].flatMap(([path, text]) => {
    const file = join(root, path)
    return existsSync(file) && readFileSync(file, "utf8") === text ? [] : [path]
  })

const writeFiles = Effect.tryPromise({
  try: async () => {
    for (const [path, text] of derivedFiles()) {
      const file = join(root, path)
      await makeFolders(dirname(file))
      await writeFile(file, text)
    }
  },
  catch: (cause) =>
    new Failed({
      problem: `the derived files cannot be written below ${root}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Check that the folder can be written."
    })
})

export const contracts = Command.make(
  "contracts",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription("The contract to print. Without it, all are listed."), Flag.optional),
    form: withDefault(
      Flag.Literals("form", ["columns", "delta", "parquet", "json-schema", "glue", "markdown"]),
      "What to derive from it.",
      "markdown"
    ),
    write: toggle("write", "Write the derived files of this repository."),
    check: toggle("check", "Fail where a derived file of this repository is stale."),
    json
  },
  Effect.fnUntraced(function* ({ dataset, form, write, check, json }) {
    if (write || check) yield* allContracts
    if (write) yield* writeFiles
    if (write || check) {
      const stale = staleFiles()
      yield* print(
        json,
        { files: [...derivedFiles().keys()], stale },
        () => `${count(derivedFiles().size - stale.length, "derived file is", "derived files are")} fresh.`
      )
      if (stale.length === 0) return
      return yield* new Failed({
        problem: `stale: ${stale.join(", ")}`,
        hint: "Write them anew with: npm run -s sluice -- contracts --write"
      })
    }
    if (Option.isNone(dataset) && form !== "markdown") {
      return yield* new UsageError({
        problem: `--form ${form} is of one contract`,
        hint: `Give --dataset too: ${[...compiled.keys()].join(" or ")}.`
      })
    }
    if (Option.isSome(dataset)) {
      const contract = yield* contractOf(dataset.value)
      return yield* print(json && form === "markdown", { markdown: textOf("markdown", contract) }, () => textOf(form, contract).trimEnd())
    }
    const list = [...compiled.values()].map(({ contract, columns }) => ({
      name: contract.name,
      title: contract.title,
      owner: contract.owner,
      sensitivity: contract.sensitivity,
      columns: columns.length
    }))
    yield* print(json, list, () =>
      table(list.map((c) => [c.name, c.title, count(c.columns, "column"), `owner ${c.owner}`, `sensitivity ${c.sensitivity}`]))
    )
    yield* allContracts
  })
).pipe(
  Command.withDescription("Show the contracts, and what is derived from them."),
  Command.withExamples([
    { description: "What a dataset is", command: "sluice contracts --dataset checkout" },
    { description: "Its columns for the Glue catalog", command: "sluice contracts --dataset checkout --form glue" }
  ])
)
