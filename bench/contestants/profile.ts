import { type Profiler, Session } from "node:inspector/promises"
import type { ContractName } from "../contracts/contracts.ts"
import { type PartName, type Prepared, partNames } from "./job.ts"
import { sluice } from "./sluice.ts"

/** Microseconds between samples. */
const samplingInterval = 500

/**
 * The core under the sampling profiler of the engine: which part of the source each sample of the one thread stands in. Says what stages cannot:
 * how much of decoding is columns and dictionaries, and how much of encoding is compression. The speed itself is not to be taken from here.
 */
export const profile = async (job: {
  readonly contract: ContractName
  readonly input: string
  readonly output: string
}): Promise<Prepared> => {
  const { run } = sluice({ ...job, kind: "sluice" })
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: samplingInterval })
  let shares: ReadonlyArray<number> = []
  return {
    run: async () => {
      await session.post("Profiler.start")
      const rows = await run()
      shares = sharesOf((await session.post("Profiler.stop")).profile)
      return rows
    },
    laps: () => shares
  }
}

/** Shares of the samples by part, without those in which nothing ran. */
const sharesOf = ({ nodes, samples = [] }: Profiler.Profile): ReadonlyArray<number> => {
  const parts = new Map<number, PartName | "idle">()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const visit = (id: number, around: PartName | "idle"): void => {
    const node = byId.get(id)
    if (node === undefined) return
    const part = partOf(node.callFrame) ?? around
    parts.set(id, part)
    for (const child of node.children ?? []) visit(child, part)
  }
  const [root] = nodes
  if (root !== undefined) visit(root.id, "other")
  const counts = new Map<string, number>()
  for (const id of samples) {
    const part = parts.get(id) ?? "other"
    counts.set(part, (counts.get(part) ?? 0) + 1)
  }
  const total = samples.length - (counts.get("idle") ?? 0)
  return partNames.map((name) => (counts.get(name) ?? 0) / total)
}

/** Whose code a frame is; null for what works for its caller: functions of the engine, of Node and of libraries. */
const partOf = ({ url, functionName }: Profiler.Profile["nodes"][number]["callFrame"]): PartName | "idle" | null => {
  if (functionName === "(garbage collector)") return "garbage"
  if (functionName === "(idle)") return "idle"
  if (url.startsWith("wasm:")) return "skip kernel"
  if (url === "node:zlib" || /zstd/i.test(functionName)) return "compress"
  const folder = /\/src\/(source|decode|contract|columns|parquet|store)\//.exec(url)?.[1]
  if (folder !== undefined) return folder === "contract" ? "decode" : (partNames.find((name) => name === folder) ?? null)
  return url.includes("/hyparquet-writer/") ? "parquet" : null
}
