import { Effect } from "effect"
import { makeLocalStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"

/** A process that opens a table: `node opener.ts <root> <path>`. Prints how long that took (ms) and how much more memory it took (bytes). */
const [root = "", path = ""] = process.argv.slice(2)

const store = await Effect.runPromise(makeLocalStore(root))
const before = process.memoryUsage.rss()
const start = performance.now()
const snapshot = await Effect.runPromise(
  Effect.flatMap(openTable(path), (table) => table.snapshot).pipe(Effect.provideService(Store, store))
)
const millis = performance.now() - start
const bytes = process.resourceUsage().maxRSS * 1024 - before
process.stdout.write(JSON.stringify({ millis, bytes, version: snapshot.version, files: snapshot.files.size }))
