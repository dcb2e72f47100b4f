import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { JobPlace, SparkJob } from "../../../src/repartition/job-place.ts"
import { Store, type StoreShape } from "../../../src/store/store.ts"
import { moment } from "../../passing-time.ts"

/** A job like any other. */
export const aJob = (id = "checkout-1234", more: Partial<SparkJob> = {}): SparkJob => ({
  id,
  dataset: "checkout",
  stageVersion: 7,
  driver: "s3://lake/driver.py",
  args: [`s3://lake/consumable/checkout/_repartition/${id}/plan.json`],
  ...more
})

/** What is the same for both kinds of EMR. */
export const commonSettings = (endpoint: string) => ({
  region: "eu-west-1",
  endpoint,
  executors: 20,
  size: { cores: 4, memory: 14 * 1024 ** 3 },
  logs: "s3://logs/sluice/",
  tags: { team: "shop" },
  kmsKey: null,
  conf: []
})

/** Lets a test's clock go on while something waits, and real requests come and go. */
export const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* moment
      yield* TestClock.adjust("250 millis")
    }
    return yield* Fiber.join(fiber)
  })

/** A place where jobs run, whose lake is in a store. */
export const over = (store: StoreShape, { find, submit }: JobPlace) => ({
  find: (job: SparkJob) => Effect.provideService(find(job), Store, store),
  submit: (job: SparkJob) => Effect.provideService(submit(job), Store, store)
})
