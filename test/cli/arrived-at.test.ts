import { expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { ingestSettings } from "../../src/cli/sources.ts"

const arrivedAt = (text: string) => Effect.map(ingestSettings.read({ arrivedAt: Option.some(text) }), (values) => values.arrivedAt)

it.effect("an arrival time is one of the calendar, in the years that every reader can hold", () =>
  Effect.gen(function* () {
    for (const [text, iso] of [
      ["2026-11-20T07:00:00Z", "2026-11-20T07:00:00.000Z"],
      ["2024-02-29T23:30+0200", "2024-02-29T21:30:00.000Z"],
      ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
      ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]
    ] as const)
      expect(new Date((yield* arrivedAt(text)) ?? 0).toISOString()).toBe(iso)
    for (const text of [
      "0000-01-01T00:00:00Z",
      "0001-01-01T00:00:00+14:00",
      "9999-12-31T23:59:59-12:00",
      "2026-02-30T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-11-20T24:30:00Z",
      "+012026-11-20T07:00:00Z",
      "2026-11-20T07:00:00",
      "2026-11-20"
    ]) {
      const error = yield* Effect.flip(arrivedAt(text))
      expect(error.message).toBe(
        `--arrived-at: "${text}" cannot be used. Give an instant of the years 1 to 9999 such as 2026-11-20T07:00:00Z.`
      )
    }
  })
)
