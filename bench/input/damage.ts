import { drawDirt, isBad, makeOdd, spoil } from "../../src/generate/dirt.ts"
import { render } from "../../src/generate/render.ts"
import type { Json } from "../../src/generate/shipping.ts"
import { Random } from "../../src/record/seeded.ts"
import { capital } from "../peer/spelling.ts"

/** A line, and whether Sluice makes a row of it. */
export interface Line {
  readonly bytes: Uint8Array
  readonly isRow: boolean
  /** Untouched: everybody must make the same row of it. */
  readonly isClean: boolean
}

/**
 * Damage as feeds have it, to one order in five: a tenth gets what happens on the way (cut lines, cut documents, wrong types, documents in other
 * clothes, garbage), a tenth the dirt that the generator knows.
 */
export const damaged = (document: Json, seed: number, index: number): Line => {
  const random = new Random(seed, 101, index)
  if (random.chance(0.8)) return { bytes: Buffer.from(render(document, "stringified")), isRow: true, isClean: true }
  if (random.chance(0.5)) {
    const dirt = drawDirt(random)
    if (dirt === "empty_line" || dirt === "empty_object")
      return { bytes: Buffer.from(dirt === "empty_line" ? "" : "{}"), isRow: false, isClean: false }
    return isBad(dirt)
      ? { bytes: spoil(dirt, document, "stringified", random), isRow: false, isClean: false }
      : { bytes: makeOdd(dirt, document, "stringified", random).bytes, isRow: true, isClean: false }
  }
  const line = render(document, "stringified")
  const kind = random.below(5)
  if (kind === 0) {
    const cut = line.slice(0, Math.floor(line.length * (0.05 + 0.9 * random.unit())))
    return { bytes: Buffer.from(cut.toWellFormed()), isRow: false, isClean: false }
  }
  const outer: Record<string, unknown> = JSON.parse(line)
  const key = capital(random.pick(["items", "totals", "shippingData", "paymentData", "clientProfileData", "itemMetadata"]))
  const inner = String(outer[key] ?? "{}")
  if (kind === 1) outer[random.pick(["Value", "CreationDate", "IsCompleted"])] = { as: random.pick(["a document", "something else"]) }
  else if (kind === 2) outer[key] = inner.slice(0, Math.floor(inner.length * random.unit())).toWellFormed()
  else if (kind === 3) outer[key] = JSON.stringify(JSON.parse(inner), null, 2)
  else outer[key] = random.pick(["<html>503</html>", "[object Object]", "{'id': 1}", '{"id":', "\u0000\u0001", "NaN"])
  return { bytes: Buffer.from(JSON.stringify(outer)), isRow: true, isClean: false }
}
