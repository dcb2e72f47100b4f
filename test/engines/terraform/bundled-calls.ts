/** Calls of AWS that a module of the command can make, whatever it is told, by the actions that they need. */
import { isBuiltin } from "node:module"
import { build } from "esbuild"
import { actionsOf, callsIn } from "../../../src/build/aws-actions.ts"
import { repository } from "./tofu.ts"

/** Native: it calls nothing of AWS. */
const native = ["@duckdb/*"]

/** @param entry relative to the repository */
export const bundledCalls = async (entry: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    write: false,
    bundle: true,
    // What nothing uses is left out only then.
    minify: true,
    metafile: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    conditions: ["module"],
    logLevel: "silent",
    outdir: "out",
    splitting: true,
    external: native,
    plugins: [
      {
        name: "builtins",
        setup: ({ onResolve }) => onResolve({ filter: /./ }, ({ path }) => (isBuiltin(path) ? { path, external: true } : null))
      }
    ]
  })
  const inputs = new Map(
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [[path, bytesInOutput] as const] : []))
    )
  )
  return [...new Set(callsIn({ inputs }).flatMap(actionsOf))]
}
