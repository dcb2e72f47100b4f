import { afterAll, beforeAll, expect, it } from "vitest"
import { checkout } from "../../../schemas/vtex/checkout.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import { makeStructurer } from "../../../src/firehose/structurer.ts"
import { emptyCounts } from "../../../src/record/report.ts"
import { decodePages, pageOf, settings } from "../../decode/support.ts"
import { deploy } from "../terraform/deploy.ts"
import { firstDifference } from "../values.ts"
import { openWorld, type World } from "./world.ts"

/** The managed way from raw objects to the table for users must come to what the generator says of its orders, and to the same as the other ways into a lake. */
let world: World
beforeAll(async () => {
  const { close, deployed } = await deploy("managed")
  await close()
  world = await openWorld(deployed, Number(process.env["SLUICE_TEST_MANAGED_ORDERS"] ?? 300), 16)
})
afterAll(() => world.close())

it("what comes of raw objects is what their orders say, whatever goes wrong on the way; and the same by a queue, and by a stream", async () => {
  const { raw } = world
  const { consumable, deadLetters } = raw.expected
  await world.byFirehose(raw.objects)
  await world.nextHour()
  expect([...world.denied]).toEqual([])
  const managed = await world.outcomeOf(world.lake)
  const { rows, orders, value, roundingError } = consumable
  expect(managed.wasFolded).toBe(true)
  expect(managed.totals).toEqual({ rows, orders, value, roundingError })
  expect(managed.deadLetters).toEqual(deadLetters)

  const queued = await world.anotherLake()
  const queue = world.toQueue("raw", raw.objects)
  expect(await world.command("ingest", "--source", "sqs", "--queue", queue, "--lake", queued)).toMatchObject({ failure: null })
  const streamed = await world.anotherLake()
  const wanted = raw.objects.filter(({ key }) => key.includes("/id/"))
  await world.byStream(streamed, wanted)
  const contract = compileContract(checkout)
  const pages = () => wanted.map(({ content }) => pageOf([content]))
  const { drops } = decodePages(contract, pages(), {}, { by: "definition" }).counts
  expect(Object.keys(drops)).not.toEqual([])
  // What structuring leaves out is in no commit: the function's own part says it.
  const [structurer, structured] = [makeStructurer(contract, settings), emptyCounts()]
  for (const page of pages()) structurer.structure(page, structured)
  expect(structured.drops).toEqual(drops)
  for (const lake of [queued, streamed]) {
    const other = await world.outcomeOf(lake)
    expect(other.drops).toEqual(drops)
    expect(firstDifference(managed.rows, other.rows)).toBeNull()
    expect(other.deadLetters).toEqual(deadLetters)
  }
})
