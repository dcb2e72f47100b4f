import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { root } from "./sluice.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-memory-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const promised = 512 * 1024 * 1024

/** Leaves behind what a process took at its peak, in KiB. */
const witness = join(folder, "witness.mjs")
writeFileSync(
  witness,
  `import { writeFileSync } from "node:fs"
process.on("exit", () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)))
`
)

/** Runs the command as it is installed, until it ends or has done something. Gives its exit code and its peak in bytes. */
const measured = async (args: ReadonlyArray<string>, done = () => false): Promise<readonly [number | null, number]> => {
  const peakFile = join(folder, "peak")
  const child = spawn(join(root, "src", "sluice"), args, {
    env: { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(witness).href}`, PEAK_FILE: peakFile },
    stdio: ["ignore", "ignore", "inherit"]
  })
  const look = setInterval(() => {
    if (!done()) return
    clearInterval(look)
    child.kill("SIGTERM")
  }, 100)
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve))
  clearInterval(look)
  return [code, Number(readFileSync(peakFile, "utf8")) * 1024]
}

const order = (i: number, more: object): string =>
  JSON.stringify({
    orderId: `v${i}-01`,
    creationDate: "2026-01-02T03:04:05.0000000Z",
    lastChange: "2026-01-02T03:04:05.0000000Z",
    ...more
  })

/** What takes far more memory as rows than it has bytes, or has very many of these in one record. */
const inputs: Readonly<Record<string, { readonly records: number; readonly record: (i: number) => string }>> = {
  "lists of 190,000 empty items": { records: 3, record: (i) => order(i, { items: Array.from({ length: 190_000 }, () => ({})) }) },
  "lists of 40,000 empty items": { records: 14, record: (i) => order(i, { items: Array.from({ length: 40_000 }, () => ({})) }) },
  "texts of 9 MB": { records: 6, record: (i) => order(i, { openTextField: { value: String(i).repeat(9_000_000) } }) },
  "many small orders": { records: 20_000, record: (i) => order(i, { items: [{ id: String(i), quantity: 1, price: i }] }) }
}

describe("memory", () => {
  for (const [name, { records, record }] of Object.entries(inputs)) {
    it(`of ingest and repartition is less than 512 MB for ${name}`, async () => {
      const input = join(folder, "orders.ndjson")
      writeFileSync(input, Array.from({ length: records }, (_, i) => `${record(i)}\n`).join(""))
      const lake = join(folder, name)
      for (const args of [["ingest", "--dataset", "checkout", "--input", input], ["repartition"]]) {
        const [code, peak] = await measured([...args, "--lake", lake])
        expect(code).toBe(0)
        expect(peak).toBeLessThan(promised)
      }
    })
  }

  it("of one run over several datasets is less than 512 MB", async () => {
    const names = ["orders_1", "orders_2", "orders_3", "orders_4"]
    const shop = shopOf("several", names, Array<string>(8).fill("lists of 40,000 empty items"))
    const [code, peak] = await measured(["run", "--once", ...shop, "--lake", join(folder, "several", "lake")])
    expect([code, readdirSync(join(folder, "several", "lake", "consumable")).sort()]).toEqual([0, names])
    expect(peak).toBeLessThan(promised)
  })

  it("of a run that follows many datasets at once is less than 512 MB", async () => {
    const names = Array.from({ length: 16 }, (_, i) => `orders_${i + 1}`).sort()
    const shop = shopOf("followed", names, ["lists of 40,000 empty items", "texts of 9 MB", "texts of 9 MB"])
    const stage = join(folder, "followed", "lake", "stage")
    const isCommitted = (name: string) => existsSync(join(stage, name, "_delta_log", `${"1".padStart(20, "0")}.json`))
    const [code, peak] = await measured(["run", ...shop, "--lake", join(folder, "followed", "lake"), "--batch-age", "1s"], () =>
      names.every(isCommitted)
    )
    expect([code, readdirSync(stage).sort()]).toEqual([0, names])
    expect(peak).toBeLessThan(promised)
  })
})

/** Writes a project of datasets that are like orders, and records of each, of which inputs they are. Gives the flags that name them. */
const shopOf = (name: string, datasets: ReadonlyArray<string>, records: ReadonlyArray<string>): ReadonlyArray<string> => {
  const shop = join(folder, name, "shop")
  mkdirSync(shop, { recursive: true })
  writeFileSync(
    join(shop, "project.ts"),
    `import { defineContract, defineProject } from "sluice/contract"
import { checkout } from ${JSON.stringify(join(root, "schemas", "vtex", "checkout.ts"))}
const of = (name: string) => defineContract({ ...checkout, name, arrives: [\`\${name}/*\`] })
export default defineProject({ name: "shop", contracts: ${JSON.stringify(datasets)}.map(of) })
`
  )
  const lines = records.map((kind, i) => `${inputs[kind]?.record(i)}\n`).join("")
  const input = join(folder, name, "in")
  for (const dataset of datasets) {
    mkdirSync(join(input, dataset), { recursive: true })
    writeFileSync(join(input, dataset, "a.ndjson"), lines)
  }
  return ["--project", shop, "--input", input]
}
