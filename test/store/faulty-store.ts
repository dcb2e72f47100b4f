import { Effect } from "effect"
import { StoreError, type StoreReason, type StoreShape } from "../../src/store/store.ts"

/**
 * A store that misbehaves on demand, around a real one. Knobs act on the next calls of an operation whose key contains a text, then are used up.
 */
export interface FaultyStore {
  readonly store: StoreShape
  /** Every call so far, as "operation key". */
  readonly calls: Array<string>
  /** The next `times` calls fail without touching anything. */
  readonly failNext: (operation: string, key: string, reason: StoreReason, times?: number) => void
  /** The next `times` writes happen, and are answered as unknown. */
  readonly ambiguousNext: (operation: string, key: string, times?: number) => void
  /** Runs just before the next call: another writer gets in between. */
  readonly beforeNext: (operation: string, key: string, action: Effect.Effect<unknown>) => void
}

type Fault = { readonly operation: string; readonly key: string } & (
  | { readonly kind: "fail"; readonly reason: StoreReason }
  | { readonly kind: "ambiguous" }
  | { readonly kind: "before"; readonly action: Effect.Effect<unknown> }
)

export const makeFaultyStore = (inner: StoreShape): FaultyStore => {
  const faults: Array<Fault> = []
  const calls: Array<string> = []
  const guard = <A>(operation: string, key: string, effect: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => {
      calls.push(`${operation} ${key}`)
      const index = faults.findIndex((fault) => fault.operation === operation && key.includes(fault.key))
      const fault = faults[index]
      if (fault === undefined) return effect
      faults.splice(index, 1)
      const error = (reason: StoreReason) => new StoreError({ operation, key, reason, hint: "This is a simulated fault." })
      if (fault.kind === "fail") return Effect.fail(error(fault.reason))
      if (fault.kind === "before") return Effect.andThen(fault.action, guard(operation, key, effect))
      return Effect.andThen(effect, Effect.fail(error("Ambiguous")))
    })
  const repeat = (times: number, fault: Fault) => {
    for (let i = 0; i < times; i++) faults.push(fault)
  }
  return {
    calls,
    failNext: (operation, key, reason, times = 1) => repeat(times, { kind: "fail", operation, key, reason }),
    ambiguousNext: (operation, key, times = 1) => repeat(times, { kind: "ambiguous", operation, key }),
    beforeNext: (operation, key, action) => repeat(1, { kind: "before", operation, key, action }),
    store: {
      ...inner,
      get: (key) => guard("get", key, inner.get(key)),
      getRange: (key, start, end) => guard("getRange", key, inner.getRange(key, start, end)),
      head: (key) => guard("head", key, inner.head(key)),
      put: (key, bytes) => guard("put", key, inner.put(key, bytes)),
      putIfAbsent: (key, bytes) => guard("putIfAbsent", key, inner.putIfAbsent(key, bytes)),
      putFile: (key, file) => guard("putFile", key, inner.putFile(key, file)),
      list: (prefix, options) => {
        calls.push(`list ${prefix} after ${options?.startAfter ?? ""}`)
        return inner.list(prefix, options)
      },
      delete: (keys) => guard("delete", keys.join(","), inner.delete(keys))
    }
  }
}
