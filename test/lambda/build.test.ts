import { createHash } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { problemsOf } from "../../src/build/aws-actions.ts"
import { filesBeside } from "../../src/build/files-beside.ts"
import type { FunctionEntry } from "../../src/build/functions.ts"
import { zip } from "../../src/build/zip.ts"
import { runNode } from "./run-node.ts"
import { unzip } from "./unzip.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = mkdtempSync(join(tmpdir(), "sluice-build-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = (repository: string, out: string, ...more: ReadonlyArray<string>) =>
  runNode([join(repository, "src/build/build.ts"), "--out", out, ...more])

const listIn = (out: string): ReadonlyArray<FunctionEntry> => JSON.parse(readFileSync(join(out, "functions.json"), "utf8")).functions
const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex")

/** One that has most of what others have. */
const name = "consumeStream"

describe("the build of functions", () => {
  const out = join(folder, "one")
  beforeAll(async () => {
    expect(await build(root, out)).toMatchObject({ code: 0 })
  })

  it("makes the same bytes again, also of a repository that lies elsewhere", async () => {
    const copy = join(folder, "deeper", "copy")
    mkdirSync(copy, { recursive: true })
    for (const path of ["src", "schemas", "package.json"]) cpSync(join(root, path), join(copy, path), { recursive: true })
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
    const other = join(folder, "two")
    expect(await build(copy, other, name)).toMatchObject({ code: 0 })
    expect(hash(join(other, `${name}.zip`))).toBe(hash(join(out, `${name}.zip`)))
  })

  it("has of each function a zip of one bundle, small, without what is native, and a map apart", () => {
    for (const entry of listIn(out)) {
      const bytes = readFileSync(join(out, entry.zip))
      expect([entry.name, bytes.length <= 1_500_000, entry.bytes, entry.sha256]).toEqual([
        entry.name,
        true,
        bytes.length,
        hash(join(out, entry.zip))
      ])
      const files = unzip(bytes)
      expect([...files.keys()].filter((name) => !/^(index\.mjs|driver\.py)$/.test(name))).toEqual([])
      const code = Buffer.from(files.get("index.mjs") ?? []).toString()
      expect(code.length).toBeGreaterThan(10_000)
      expect(code).not.toContain("@duckdb/node-bindings")
      expect(code).not.toContain(root)
      expect(code).not.toContain("sourceMappingURL")
      expect(JSON.parse(readFileSync(join(out, "maps", `${entry.name}.mjs.map`), "utf8"))).toMatchObject({ version: 3 })
    }
  })

  it("lists every function, what it reads and calls, and what it is made of", () => {
    const list = listIn(out)
    const zips = readdirSync(out).filter((name) => name.endsWith(".zip"))
    expect(list.map(({ zip }) => zip).sort()).toEqual(zips.sort())
    const submit = list.find(({ name }) => name === "submitPartitionRoutineCluster")
    expect(submit).toMatchObject({
      handler: "index.handler",
      runtime: "nodejs24.x",
      environment: expect.arrayContaining(["SLUICE_LAKE", "SLUICE_EMR_APPLICATION", "SLUICE_LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT"]),
      actions: {
        stage: ["s3:GetObject", "s3:ListBucket"],
        consumable: expect.arrayContaining(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
        jobs: expect.arrayContaining(["emr-serverless:StartJobRun"])
      },
      calls: expect.arrayContaining(["emr.RunJobFlow", "s3.GetObject"]),
      packages: { effect: expect.any(Number), "@aws-sdk/client-s3": expect.any(Number) },
      modules: { "src/lambda/handler.ts": expect.any(Number), "schemas/vtex/project.ts": expect.any(Number) }
    })
    expect(submit?.packages).not.toHaveProperty("@duckdb/node-api")
  })

  it("lists what a role needs to be called by mappings and to keep a log, and no more of the lake than is used", () => {
    const actionsOf = (name: string) => listIn(out).find((entry) => entry.name === name)?.actions ?? {}
    const objects = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"]
    const logs = ["logs:CreateLogStream", "logs:PutLogEvents"]
    const ofQueue = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    expect(listIn(out).filter(({ actions }) => actions["logs"]?.join() !== logs.join())).toEqual([])
    expect(actionsOf("consumeStream")["mapping"]).toEqual([
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards"
    ])
    expect(actionsOf("registerStageObjects")["mapping"]).toEqual(ofQueue)
    expect(actionsOf("collectDeadLetters")).toMatchObject({ mapping: ofQueue, errors: objects })
    const secrets = ["secretsmanager:GetSecretValue"]
    expect(actionsOf("sendCheckoutDataToFirehouse")).toEqual({
      stage: ["s3:GetObject", "s3:ListBucket"],
      structured_json: ["s3:PutObject"],
      errors: ["s3:PutObject"],
      raw: objects,
      secrets,
      mapping: ofQueue,
      logs
    })
    expect(actionsOf("sendStructuredJsonToFirehose")).toEqual({
      structured_json: ["s3:GetObject"],
      errors: ["s3:PutObject"],
      streams: ["firehose:PutRecordBatch"],
      mapping: ofQueue,
      logs
    })
    expect(actionsOf("transformFirehoseRecords")).toEqual({ secrets, logs })
    // Dead letters hold records as they came.
    const withLetters = listIn(out).filter(({ actions }) => "dead_letters" in actions)
    expect(withLetters.map(({ name }) => name).sort()).toEqual(["collectDeadLetters", "consumeStream"])
    for (const { actions, environment, name } of listIn(out))
      expect([name, "secrets" in actions]).toEqual([name, environment.includes("SLUICE_HASH_KEY_SECRET")])
  })

  it("has the contracts of the project that is named, wherever it lies, and says why it cannot have others", async () => {
    const project = join(folder, "shop")
    mkdirSync(project)
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
    writeFileSync(
      join(project, "project.ts"),
      `import { readFileSync } from "node:fs"
import { defineContract, defineProject, text, timestamp, versions } from "sluice/contract"
const owner = readFileSync(new URL("./owner.txt", import.meta.url), "utf8")
const visits = defineContract({
  name: "visits", title: "Visits", owner, sensitivity: "internal", description: "Visits of the zoological garden.",
  fields: { id: text("Key."), at: timestamp("When.") }, table: versions({ key: ["id"], version: "at", by: { day: "at" } }),
  eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false
})
export default defineProject({ name: "zoo", contracts: [visits] })
`
    )
    writeFileSync(join(project, "owner.txt"), "tests")
    const zoo = join(folder, "zoo")
    expect(await build(root, zoo, name, "--project", project)).toMatchObject({ code: 0 })
    const [entry] = listIn(zoo)
    const files = unzip(readFileSync(join(zoo, entry?.zip ?? "")))
    expect(Buffer.from(files.get("owner.txt") ?? []).toString()).toBe("tests")
    const code = Buffer.from(files.get("index.mjs") ?? []).toString()
    expect(code).toContain("Visits of the zoological garden.")
    expect(Object.keys(entry?.modules ?? {}).filter((path) => path.startsWith("schemas/"))).toEqual([])
    const strange = await build(root, zoo, "fly")
    expect([strange.code, strange.stderr]).toEqual([
      1,
      expect.stringMatching(/^build: there is no function fly; there are .*consumeStream/)
    ])
    const missing = await build(root, zoo, "--project", join(folder, "nowhere"))
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^build: .*there is no project in .*nowhere/s)])
  })
})

describe("files beside the modules of a project", () => {
  const shop = join(folder, "beside")
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(shop, path)), { recursive: true })
    writeFileSync(join(shop, path), text)
  }
  /** As they are bundled of a project whose modules have these texts. */
  const filesOf = (modules: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(modules)) write(path, text)
    return filesBeside(root, { inputs: new Map(Object.keys(modules).map((path) => [relative(root, join(shop, path)), 1])) })
  }

  it("are part of a function where they are named, below the folder of who names them", () => {
    write("countries.csv", "BR")
    write("tables/cities.csv", "Recife")
    const files = filesOf({
      "project.ts": `// What lies in import.meta.dirname
const a: URL = new URL("./countries.csv", import.meta.url), b = new URL('tables/cities.csv', import.meta.url)`,
      "plain.ts": "export const x = 1"
    })
    expect([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ["countries.csv", "BR"],
      ["tables/cities.csv", "Recife"]
    ])
    // That of Sluice itself.
    expect([...filesBeside(root, { inputs: new Map([["src/repartition/spark/job-plan.ts", 1]]) }).keys()]).toEqual(["driver.py"])
  })

  it("are refused by name where the function would not find them", () => {
    write("a/same.csv", "1")
    write("b/same.csv", "2")
    const same = 'new URL("./same.csv", import.meta.url)'
    expect(() => filesOf({ "a/one.ts": same, "b/two.ts": same })).toThrow(
      /b\/two\.ts looks for same\.csv, and another file .* has that name/
    )
    for (const way of [
      "readFileSync(import.meta.dirname + '/x.csv')",
      "createRequire(import.meta.url)",
      "new URL('./' + name, import.meta.url)"
    ])
      expect(() => filesOf({ "other.ts": way })).toThrow(/other\.ts looks for what lies beside it in a way that a build cannot follow/)
    expect(() => filesOf({ "above.ts": 'new URL("../x.csv", import.meta.url)' })).toThrow(
      /above\.ts looks for \.\.\/x\.csv, which is not below/
    )
    expect(() => filesOf({ "gone.ts": 'new URL("./gone.csv", import.meta.url)' })).toThrow(
      /gone\.ts looks for .*gone\.csv, which cannot be read/
    )
    expect(() => filesOf({ "whole.ts": 'new URL("./a", import.meta.url)' })).toThrow(/which cannot be read as a file/)
  })
})

describe("a zip", () => {
  it("holds what was put in, in the order of names, and is the same whatever the order was", () => {
    const files = new Map([
      ["b.txt", Buffer.from("b".repeat(1000))],
      ["a.txt", Buffer.alloc(0)]
    ])
    const made = zip(files)
    expect([...unzip(made)].map(([name, bytes]) => [name, bytes.length])).toEqual([
      ["a.txt", 0],
      ["b.txt", 1000]
    ])
    expect(zip(new Map([...files].reverse()))).toEqual(made)
  })
})

describe("declared actions", () => {
  it("are those that the calls of a bundle need, no fewer and no more", () => {
    const calls = ["s3.GetObject", "s3.CreateSession", "emr-serverless.StartJobRun"]
    const needed = ["s3:GetObject", "emr-serverless:StartJobRun", "emr-serverless:TagResource", "iam:PassRole"]
    expect(problemsOf(needed, calls)).toEqual([])
    expect(problemsOf([...needed, "s3:GetObjectVersion"], calls)).toEqual([])
    expect(problemsOf(needed.slice(1), calls)).toEqual(["its calls need s3:GetObject, which it does not declare"])
    expect(problemsOf([...needed, "s3:PutObject"], calls)).toEqual(["it declares s3:PutObject, which no call of it needs"])
    expect(problemsOf(needed, [...calls, "s3.CopyObject"])).toEqual([expect.stringContaining("it can call s3.CopyObject")])
  })
})
