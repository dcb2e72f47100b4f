import { afterAll, beforeAll, expect, it } from "vitest"
import { deploy } from "../terraform/deploy.ts"
import { openWorld, type World } from "./world.ts"

/** From Firehose to a consumer and back, as the documentation says it, with objects that go both ways meanwhile. */
let world: World
beforeAll(async () => {
  const { close, deployed } = await deploy("managed")
  await close()
  world = await openWorld(deployed, 300, 17)
})
afterAll(() => world.close())

it("nothing is lost and nothing stands twice where a consumer takes over from Firehose, and Firehose from it", async () => {
  const { lake, raw } = world
  const part = (from: number, to: number) => raw.objects.slice(from * raw.objects.length, to * raw.objects.length)
  const consume = (queue: string) => world.command("ingest", "--source", "sqs", "--queue", queue, "--lake", lake)

  // The queue is subscribed while the function still is: what comes then goes both ways. Then Firehose runs dry, and the consumer begins.
  const queue = world.toQueue("raw", part(0.3, 0.7))
  await world.byFirehose(part(0, 0.4))
  expect(await consume(queue)).toMatchObject({ failure: null })
  // The function is subscribed again while the queue still is, which then runs dry.
  await world.byFirehose(part(0.6, 1))

  const { consumable, deadLetters } = raw.expected
  const outcome = await world.outcomeOf(lake)
  const { rows, orders, value, roundingError } = consumable
  expect(outcome.totals).toEqual({ rows, orders, value, roundingError })
  // What went both ways and cannot become a row is told of by both, with the same bytes.
  const letters = await world.command(
    "query",
    "--lake",
    lake,
    "SELECT reason, count(DISTINCT raw) AS n FROM dead_letters GROUP BY ALL ORDER BY ALL"
  )
  expect(letters).toEqual(Object.entries(deadLetters).map(([reason, n]) => ({ reason, n })))
})
