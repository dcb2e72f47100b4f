import { orderVersion } from "../../src/generate/document.ts"
import { lives } from "../../src/generate/life.ts"
import { settingsOf } from "../../src/generate/options.ts"
import { arrivals } from "../../src/generate/schedule.ts"
import type { Json } from "../../src/generate/shipping.ts"
import { makeWorld } from "../../src/generate/world.ts"

/** The generator's orders before they are written, in order of arrival: every version of every order, two of each on average. */
export function* documents(orders: number, seed: number): Generator<Json, void> {
  const settings = settingsOf({ orders, seed })
  const world = makeWorld(seed)
  const lifeOf = lives(settings)
  for (const { order, version } of arrivals(settings, lifeOf)) yield orderVersion(seed, world, lifeOf(order), version).document
}
