import { Random } from "../../../src/record/seeded.ts"
import { announce } from "../../simulation/announced/messages.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import type { Deployed } from "../terraform/model.ts"
import { openStand, type Stand } from "../terraform/stand.ts"
import { mapStream, usualMapping } from "../terraform/stream-mapping.ts"
import { call, delivered, usualMishaps } from "./deliveries.ts"
import { type RawData, writeRawObjects } from "./raw-objects.ts"

/**
 * The managed way as it is deployed, with raw objects, and the other ways into a lake beside it. Messages come twice and out of order, calls never arrive or their answers get
 * lost, Firehose takes some records and not others, the store fails now and then.
 */
export interface World extends Pick<Stand, "command" | "lake" | "nextHour" | "outcomeOf" | "close"> {
  readonly raw: RawData
  /** What roles were denied, in words. */
  readonly denied: ReadonlySet<string>
  /** Another lake, which is empty. */
  readonly anotherLake: () => Promise<string>
  /** Raw objects go by functions and Firehose into the stage of the functions' lake, to the last one. */
  readonly byFirehose: (objects: ReadonlyArray<ObjectVersion>) => Promise<void>
  /** Raw objects are announced to a queue, as they might be. Gives its URL. */
  readonly toQueue: (name: string, objects: ReadonlyArray<ObjectVersion>) => string
  /** Raw objects are records of a stream, which a mapping hands to the function of streams. */
  readonly byStream: (lake: string, objects: ReadonlyArray<ObjectVersion>) => Promise<void>
}

/** Makes a world of what is deployed, with so many orders as raw objects. */
export const openWorld = async (deployed: Deployed, orders: number, seed: number): Promise<World> => {
  const stand = await openStand(deployed, seed)
  const { command, close, endpoints, functions, gateway, lake, nextHour, outcomeOf, play, rawBucket, s3, sqs } = stand
  if (rawBucket === null) throw new Error("no bucket tells of raw objects")
  const raw = await writeRawObjects(s3, rawBucket.name, orders, seed, 0.04)
  const random = new Random(seed, 5)
  return {
    raw,
    lake,
    command,
    nextHour,
    outcomeOf,
    close,
    denied: endpoints.denied,
    anotherLake: async () => `s3://${await gateway.bucket()}/lake`,
    byFirehose: async (objects) => {
      await play.tell(rawBucket, objects)
      await play.settle()
    },
    toQueue: (name, objects) =>
      sqs.send(
        name,
        delivered(objects, random, usualMishaps).flatMap((object) => announce(random, rawBucket.name, [object]))
      ),
    byStream: async (into, objects) => {
      functions.leave()
      Object.assign(process.env, { SLUICE_LAKE: into, SLUICE_S3_ENDPOINT: gateway.endpoint, SLUICE_LOG_LEVEL: "error" })
      const { handler } = await import("../../../src/lambda/consumeStream.ts")
      await mapStream(objects, (event) => call(handler, event), usualMapping, random)
    }
  }
}
