/** Where things of a deployed configuration lie, as what runs there is told. */
import type { FunctionEntry } from "../../../src/build/functions.ts"
import type { Deployed } from "./model.ts"

/** What a configuration is held against. */
export interface Expected {
  readonly mode: "consumer" | "lambda" | "managed" | "all"
  /** Of `functions.json`. */
  readonly functions: ReadonlyArray<FunctionEntry>
  /** Columns of Glue of each dataset's stage, as its contract says. */
  readonly columns: ReadonlyMap<string, ReadonlyArray<{ readonly Name: string; readonly Type: string }>>
  /** Keys of raw objects, each of a dataset. */
  readonly rawKeys: ReadonlyArray<string>
}

/** Which function of Sluice a function is, by its zip. */
export const functionOf = (deployed: Deployed, file: string): ReadonlyArray<string> =>
  [...deployed.functions.values()].flatMap((each) => (each.file === file ? [each.arn] : []))

/** Where the lake lies: the one that everything is told of. */
export const lakeOf = ({ functions, tasks }: Deployed): { readonly bucket: string; readonly folder: string } => {
  const environments = [
    ...[...functions.values()].map(({ environment }) => environment),
    ...[...tasks.values()].flatMap(({ containers }) => containers.map(({ environment }) => environment))
  ]
  const [lake = "", ...others] = new Set(environments.flatMap(({ SLUICE_LAKE }) => SLUICE_LAKE ?? []))
  if (lake === "" || others.length > 0) throw new Error(`there must be one lake, and there are ${[lake, ...others].join(", ")}`)
  const { host, pathname } = new URL(lake)
  return { bucket: host, folder: pathname.length > 1 ? `${pathname.slice(1)}/` : "" }
}

/** Datasets with the delivery streams that a function is told of. */
export const streamsOf = (environment: { readonly [name: string]: string }): ReadonlyMap<string, string> =>
  new Map(
    (environment["SLUICE_DELIVERY_STREAMS"] ?? "")
      .split(",")
      .flatMap((pair) => (pair === "" ? [] : [[pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""] as const]))
  )
