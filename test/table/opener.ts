import { Effect } from "effect"
import { makeLocalStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"

/** A process that opens a table: `node opener.ts <root> <path>`. Prints how much more memory that took (bytes). */
const [root = "", path = ""] = process.argv.slice(2)

const store = await Effect.runPromise(makeLocalStore(root))
const before = process.memoryUsage.rss()
const snapshot = await Effect.runPromise(
  Effect.flatMap(openTable(path), (table) => table.snapshot).pipe(Effect.provideService(Store, store))
)
const bytes = process.resourceUsage().maxRSS * 1024 - before
process.stdout.write(JSON.stringify({ bytes, version: snapshot.version, files: snapshot.files.size }))
