import { Effect, Random } from "effect"
import { makeLocalStore } from "../../src/store/local-store.ts"
import { Store, StoreError, type StoreShape } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { add, append, domain } from "./helpers.ts"

/** A process that commits to a table: `node committer.ts <root> <path> <name> <commits>`. One in five of its writes is answered as unknown. */
const [root = "", path = "", name = "", commits = "0"] = process.argv.slice(2)

let unknown = 0
const vague = (inner: StoreShape): StoreShape => ({
  ...inner,
  putIfAbsent: (key, bytes) =>
    Effect.gen(function* () {
      const dice = yield* Random.next
      const error = new StoreError({ operation: "putIfAbsent", key, reason: "Ambiguous", hint: "This is a simulated fault." })
      if (dice < 0.4) unknown++
      // Half of the unknown outcomes did not happen.
      if (dice < 0.2) return yield* error
      const answer = yield* inner.putIfAbsent(key, bytes)
      return dice < 0.4 ? yield* error : answer
    })
})

const program = Effect.gen(function* () {
  const table = yield* openTable(path)
  for (let i = 1; i <= Number(commits); i++) {
    const read = yield* table.snapshot
    yield* table.commit({
      ...append(read, add(`${name}-${i}`), domain(`sluice.position/test/${name}`, String(i)), { txn: { appId: name, version: i } }),
      info: { sluice: { name, i } }
    })
  }
})

const store = vague(await Effect.runPromise(makeLocalStore(root)))
await Effect.runPromise(Effect.provideService(program, Store, store))
process.stdout.write(`${unknown}\n`)
