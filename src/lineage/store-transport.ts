import { Clock, Effect } from "effect"
import { randomUuid } from "../record/random.ts"
import type { StoreShape } from "../store/store.ts"
import { LineageError, type Transport } from "./transport.ts"

/**
 * Puts each event as an object of its own, `<folder>/YYYY-MM-DD/HH-MM-SS.mmm-<uuid>.json`: objects cannot be appended to. Their names are in
 * the order in which events were sent.
 */
export const storeTransport = (store: Pick<StoreShape, "root" | "put">, folder: string): Transport => {
  const name = `${store.root}/${folder}`
  return {
    name,
    send: (event) =>
      Effect.gen(function* () {
        const [day = "", time = ""] = new Date(yield* Clock.currentTimeMillis).toISOString().split("T")
        const key = `${folder}/${day}/${time.replaceAll(":", "-").replace("Z", "")}-${yield* randomUuid}.json`
        yield* store
          .put(key, new TextEncoder().encode(`${event}\n`))
          .pipe(Effect.mapError((cause) => new LineageError({ transport: name, reason: "Unwritable", hint: cause.hint, cause })))
      })
  }
}
