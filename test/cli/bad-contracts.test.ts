import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { copyOfProject, type Project } from "./project.ts"

const order = '{"orderId":"o-1","creationDate":"2026-11-20T07:00:00Z","lastChange":"2026-11-20T08:00:00Z","value":1}\n'
const of = (project: Project) => (command: string) => project.sluice([...command.split(" "), "--lake", join(project.folder, "lake")])

describe("a contract that cannot be used", () => {
  let project: Project
  beforeAll(async () => {
    project = await copyOfProject()
    await project.write("in/orders.ndjson", order)
    await project.replace("schemas/vtex/checkout.ts", "  drops: orderDrops,\n", "")
    await project.replace("schemas/vtex/checkout.ts", 'key: ["orderId"]', 'key: ["orderID"]')
  })
  afterAll(() => project.remove())

  it("refuses its own dataset with exit code 78, names the file and every problem, and writes nothing", async () => {
    const { code, stderr } = await of(project)("ingest --input in")
    expect(code).toBe(78)
    expect(stderr).toContain("contract checkout (schemas/vtex/checkout.ts): drops is missing: give a list of drop rules, [] for none.")
    expect(stderr).toContain(
      'table.key is "orderID", which is no field: give one of type text or long or integer or timestamp or date. Did you mean orderId?'
    )
    expect(existsSync(join(project.folder, "lake"))).toBe(false)
  })

  it("stands in the way of no other dataset, of no help, and of nothing that needs no contract", async () => {
    const fulfillment = await of(project)("ingest --input in --dataset fulfillment")
    expect([fulfillment.code, fulfillment.stderr]).toEqual([0, expect.stringContaining("contracts of checkout cannot be used")])
    const [help, query, status] = await Promise.all([
      project.sluice(["ingest", "--help"]),
      project.sluice(["query", "--lake", join(project.folder, "lake"), "--json", "SELECT order_id FROM stage_fulfillment"]),
      of(project)("status")
    ])
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("Not all of their contracts can be used")])
    expect([query.code, status.code]).toEqual([0, 0])
    expect(status.stderr).toContain("contracts of checkout cannot be used")
  })

  it("stands in the way of each where a queue is shared, in which what nobody claims would be removed", async () => {
    const { code, stderr } = await of(project)("ingest --source sqs --queue http://127.0.0.1:1/1/raw --dataset fulfillment")
    expect([code, stderr]).toEqual([78, expect.stringContaining("contract checkout (schemas/vtex/checkout.ts)")])
  })

  it("fails what is about all datasets: verify with what it found, doctor with the reason", async () => {
    const [verify, doctor] = await Promise.all([of(project)("verify"), of(project)("doctor")])
    expect([verify.code, verify.stdout]).toEqual([78, expect.stringContaining("stage/fulfillment")])
    expect(verify.stderr).toContain("contract checkout (schemas/vtex/checkout.ts)")
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining("drops is missing")])
  })
})

describe("contracts of one name, and contracts that cannot be read", () => {
  let project: Project
  beforeAll(async () => {
    project = await copyOfProject()
    await project.write("in/orders.ndjson", order)
  })
  afterAll(() => project.remove())

  it("none of them counts", async () => {
    await project.replace("schemas/vtex/project.ts", "[checkout, fulfillment]", "[checkout, fulfillment, { ...checkout }, checkout]")
    const { code, stderr } = await of(project)("ingest --input in")
    expect(code).toBe(78)
    expect(stderr).toContain("2 contracts have this name, at 1 and 4 of the list")
    expect(stderr).toContain("contract 3 of the list: it is an object that defineContract has not made")
  })

  it("say where the mistake is, and leave the help", async () => {
    await project.replace("schemas/vtex/checkout.ts", "drops: orderDrops", "drops: orderDrop")
    const [ingest, help] = await Promise.all([of(project)("ingest --input in"), project.sluice(["--help"])])
    expect([ingest.code, ingest.stderr]).toEqual([
      78,
      expect.stringMatching(/orderDrop is not defined \(.*schemas\/vtex\/checkout.ts:\d+:\d+\)/)
    ])
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("repartition")])
  })
})
