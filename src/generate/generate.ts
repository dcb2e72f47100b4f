import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import { Random } from "../record/seeded.ts"
import { type Dirt, isBad, makeOdd, spoil } from "./dirt.ts"
import { orderVersion } from "./document.ts"
import { lives } from "./life.ts"
import { type GenerateOptions, settingsOf } from "./options.ts"
import { drawForm, type Form, render } from "./render.ts"
import { arrivals } from "./schedule.ts"
import { makeWorld } from "./world.ts"

/** What must become of a record. */
export type Fate =
  | { readonly is: "dead letter"; readonly reason: DeadLetterReason }
  | { readonly is: "empty" }
  | {
      readonly is: "row"
      /** Has this version come before? Then it is a row of stage, but none of the consumable. */
      readonly again: boolean
      /** Is it the last version of its order? */
      readonly latest: boolean
      readonly orderId: string
      /** Milliseconds since 1970. */
      readonly lastChange: number
      /** Cents. */
      readonly value: number
      /** Cents; the one field that dirt makes larger than a float holds. */
      readonly roundingError: bigint
      /** Path of a value that does not fit its column. */
      readonly rescued: string | null
      /** Path of a field that the contract does not know. */
      readonly drift: string | null
    }

export interface GeneratedRecord {
  /** One line, without its end. */
  readonly bytes: Uint8Array
  /** When the record reaches the lake, milliseconds since 1970: its file's hour. */
  readonly arrivedAt: number
  readonly form: Form
  readonly dirt: Dirt | null
  readonly fate: Fate
}

const emptyObjects = ["{}", "{ }"] as const

/**
 * Orders like those of VTEX's checkout, in order of arrival: several versions of each, in all the forms and with all the traps of the real
 * data, and with `dirt` also bad, late and doubled records. Pure: the same options give the same bytes on every machine.
 *
 * @throws RangeError when an option makes no sense
 */
export function* generateOrders(options: GenerateOptions): Generator<GeneratedRecord, void> {
  const settings = settingsOf(options)
  const { seed } = settings
  const world = makeWorld(seed, settings.items)
  const lifeOf = lives(settings)

  for (const { order, version, dirt, arrivedAt } of arrivals(settings, lifeOf)) {
    const form = settings.form ?? drawForm(new Random(seed, 4, order, version))
    if (dirt === "empty_line" || dirt === "empty_object") {
      const text = dirt === "empty_line" ? "" : (emptyObjects[order % emptyObjects.length] ?? "{}")
      yield { bytes: Buffer.from(text), arrivedAt, form, dirt, fate: { is: "empty" } }
      continue
    }
    const life = lifeOf(order)
    const { document, ...known } = orderVersion(seed, world, life, version)
    const random = new Random(seed, 5, order, version)
    if (dirt !== null && isBad(dirt)) {
      yield { bytes: spoil(dirt, document, form, random), arrivedAt, form, dirt, fate: { is: "dead letter", reason: dirt } }
      continue
    }
    const odd = dirt === null ? null : makeOdd(dirt, document, form, random)
    yield {
      bytes: odd?.bytes ?? Buffer.from(render(document, form)),
      arrivedAt,
      form,
      dirt,
      fate: {
        is: "row",
        again: dirt === "duplicate",
        latest: version === life.steps.length - 1,
        ...known,
        roundingError: odd?.roundingError ?? 0n,
        rescued: dirt === "rescued" ? (odd?.path ?? null) : null,
        drift: dirt === "unknown_field" ? (odd?.path ?? null) : null
      }
    }
  }
}
