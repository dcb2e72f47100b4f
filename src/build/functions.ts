import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"
import { settings, variableOf } from "../app/settings.ts"
import { logActions } from "../lambda/actions.ts"
import type { Actions, LambdaFunction } from "../lambda/handler.ts"
import { callsIn, problemsOf } from "./aws-actions.ts"
import { type Bundle, bundle } from "./bundle.ts"
import { filesBeside } from "./files-beside.ts"
import { zip } from "./zip.ts"

/** What `functions.json` says of a function. */
export interface FunctionEntry {
  readonly name: string
  /** Beside the list. */
  readonly zip: string
  readonly runtime: string
  readonly handler: string
  /** Of the zip, and of its bundle unpacked. */
  readonly bytes: number
  readonly bundleBytes: number
  /** Of the zip, hexadecimal. */
  readonly sha256: string
  /** Variables of the environment that it reads. */
  readonly environment: ReadonlyArray<string>
  /** IAM actions, by what they are needed on: those of its calls, and those that Lambda needs as its role, on `mapping` and `logs`. */
  readonly actions: Actions
  /** Calls of AWS that it makes, as `client.Command`. */
  readonly calls: ReadonlyArray<string>
  /** Packages that are bundled, and modules of Sluice and of the project, with their bytes in the bundle. */
  readonly packages: { readonly [name: string]: number }
  readonly modules: { readonly [path: string]: number }
}

export interface BuiltFunction {
  readonly entry: FunctionEntry
  readonly zip: Uint8Array
  readonly map: Uint8Array
}

/** More takes longer to start. Bytes. */
const mostZipped = 1_500_000

/** Modules of `src/lambda/` that are functions. */
export const functionNames = (root: string): ReadonlyArray<string> =>
  readdirSync(join(root, "src/lambda"))
    .filter((file) => file.endsWith(".ts") && /^export const handler\b/m.test(readFileSync(join(root, "src/lambda", file), "utf8")))
    .map((file) => basename(file, ".ts"))
    .sort()

/**
 * Builds a function: its bundle, what it reads beside it, and what the list says of it. Fails where what the function declares is not what its bundle can do.
 *
 * @param root the repository
 * @param project module that is the project, absolute
 */
export const buildFunction = async (root: string, name: string, project: string): Promise<BuiltFunction> => {
  const module = `src/lambda/${name}.ts`
  const { handler }: { readonly handler: LambdaFunction<unknown> } = await import(pathToFileURL(join(root, module)).href)
  const { about } = handler
  const made = await bundle(root, module, project)
  const inBundle = callsIn(made)
  const calls = inBundle.filter((call) => !about.never.includes(call))
  const bytes = zip(new Map([["index.mjs", made.code], ...filesBeside(root, made)]))
  const problems = [
    ...(about.name === name ? [] : [`it is called ${about.name} in its file`]),
    ...about.never.filter((call) => !inBundle.includes(call)).map((call) => `its bundle has no ${call}, which it says that it never calls`),
    ...problemsOf(Object.values(about.actions).flat(), calls),
    ...(bytes.length > mostZipped ? [`its zip has ${bytes.length} bytes, more than ${mostZipped}`] : [])
  ]
  if (problems.length > 0) throw new Error(`function ${name}: ${problems.join("; ")}.`)
  const [packages, modules] = contentsOf(made)
  return {
    zip: bytes,
    map: made.map,
    entry: {
      name,
      zip: `${name}.zip`,
      runtime: "nodejs24.x",
      handler: "index.handler",
      bytes: bytes.length,
      bundleBytes: made.code.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      environment: about.settings.flatMap((name) => {
        const { name: flag, standard } = settings[name]
        return [variableOf(flag), ...(standard === null ? [] : [standard])]
      }),
      actions: { ...about.actions, ...(about.mapping.length === 0 ? {} : { mapping: about.mapping }), logs: logActions },
      calls,
      packages,
      modules
    }
  }
}

const contentsOf = ({ inputs }: Bundle): readonly [{ [name: string]: number }, { [path: string]: number }] => {
  const packages: { [name: string]: number } = {}
  const modules: { [path: string]: number } = {}
  for (const [path, bytes] of [...inputs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
    if (name === undefined) modules[path] = bytes
    else packages[name] = (packages[name] ?? 0) + bytes
  }
  return [packages, modules]
}
