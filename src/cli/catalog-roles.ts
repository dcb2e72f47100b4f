import { writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed, UsageError } from "../app/failures.ts"
import { modelsOf } from "../app/models.ts"
import { rolesOf } from "../app/roles.ts"
import { s3Place } from "../app/setting-types.ts"
import { roleDocuments, roleKinds, roleName } from "../catalog/roles.ts"
import { sensitivities } from "../contract/definition.ts"
import { count } from "../record/count.ts"
import { makeFolders } from "../store/local-files.ts"
import { json, withDefault } from "./common.ts"
import { print } from "./output.ts"
import { allContracts, project, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

const settings = use("lake", "region", "glueDatabase", "memoryLimit", "threads")

const wrong = (problem: string, hint: string) => new UsageError({ problem, hint })

export const roles = Command.make(
  "roles",
  {
    account: Flag.String("account").pipe(Flag.withDescription("Number of the account of AWS."), Flag.withMetavar("NUMBER")),
    upTo: withDefault(
      Flag.Literals("up-to", sensitivities),
      "What an analyst may read at most. Sensitive columns are left out up to internal, from personal on they are in.",
      "internal"
    ),
    landed: Flag.String("landed").pipe(
      Flag.withDescription(
        "Where records lie before they are read, s3://bucket/prefix; several with commas between them. No analyst may read there."
      ),
      Flag.withMetavar("PLACES"),
      Flag.optional
    ),
    name: Flag.String("name").pipe(
      Flag.withDescription("What the names of the roles begin with: NAME-analyst, NAME-process, NAME-steward. Default: the project."),
      Flag.withMetavar("NAME"),
      Flag.optional
    ),
    write: Flag.String("write").pipe(
      Flag.withDescription("Folder for the documents, a file each. Without it they are printed."),
      Flag.withMetavar("DIR"),
      Flag.optional
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ account, upTo, landed, name, write, json, ...flags }) {
    const values = withDatabase(yield* settings.read(flags.settings))
    const place = s3Place(values.lake)
    if (place === null)
      return yield* wrong(`the lake is the folder ${values.lake}, and rights of AWS are about buckets`, "Give --lake s3://bucket/prefix.")
    if (!/^\d{12}$/.test(account)) return yield* wrong(`the account is ${JSON.stringify(account)}`, "Give its number of 12 digits.")
    const places = Option.match(landed, { onNone: () => [], onSome: (text) => text.split(",") }).map((each) => s3Place(each.trim()))
    if (places.includes(null))
      return yield* wrong("--landed names what is no place in S3", "Give s3://bucket/prefix, several with commas between them.")
    yield* allContracts
    const tables = yield* rolesOf(project, yield* modelsOf(project), values)
    const region = values.region ?? "us-east-1"
    const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws"
    const prefix = Option.getOrElse(name, () => project.name)
    const documents = roleKinds.map((role) =>
      roleDocuments(role, `arn:${partition}:iam::${account}:role/${roleName(prefix, role)}`, tables, {
        account,
        region,
        partition,
        database: values.glueDatabase,
        bucket: place.bucket,
        prefix: place.prefix.replace(/\/+$/, ""),
        landed: places.flatMap((each) => (each === null ? [] : [[each.bucket, each.prefix.replace(/\/+$/, "")].filter(Boolean).join("/")])),
        upTo
      })
    )
    if (Option.isNone(write)) return yield* print(json, documents, () => JSON.stringify(documents, null, 2))
    const files = documents.flatMap(
      ({ role, policy, lakeFormation }): ReadonlyArray<readonly [string, unknown]> => [
        [`${role}.policy.json`, policy],
        ...lakeFormation.map((input, i): readonly [string, unknown] => [`${role}.grants-${i + 1}.json`, input])
      ]
    )
    yield* Effect.tryPromise({
      try: async () => {
        await makeFolders(resolve(write.value))
        for (const [file, document] of files) await writeFile(join(write.value, file), `${JSON.stringify(document, null, 2)}\n`)
      },
      catch: (cause) =>
        new Failed({
          problem: `${write.value} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
          hint: "Name a folder that can be, with --write."
        })
    })
    yield* print(json, { files: files.map(([file]) => file) }, () => `${count(files.length, "document")} in ${write.value}.`)
  })
).pipe(
  Command.withDescription(
    "Print who may read and write which tables, by their sensitivities: grants of Lake Formation and policies of IAM for an analyst, the process and a steward."
  ),
  Command.withExamples([
    {
      description: "Documents in a folder, to be applied",
      command: "sluice catalog roles --lake s3://my-lake/shop --account 111122223333 --write roles"
    }
  ])
)
