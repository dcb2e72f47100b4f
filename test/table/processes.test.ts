import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { createTable, openTable } from "../../src/table/table.ts"
import { definition, inLake } from "./helpers.ts"

it.live("four processes commit to one table at once, with unknown outcomes: nothing is lost, nothing is doubled", () =>
  inLake(({ root }) =>
    Effect.gen(function* () {
      yield* createTable("t", { ...definition, configuration: { "delta.checkpointInterval": "20" } })
      const names = ["one", "two", "three", "four"]
      const each = 30
      const script = join(import.meta.dirname, "committer.ts")
      const outputs = yield* Effect.promise(() =>
        Promise.all(names.map((name) => promisify(execFile)(process.execPath, [script, root, "t", name, String(each)])))
      )
      const unknown = outputs.reduce((sum, { stdout }) => sum + Number(stdout), 0)
      assert.isAbove(unknown, 10)

      const table = yield* openTable("t")
      const { version, files, domains, transactions } = yield* table.snapshot
      assert.strictEqual(version, names.length * each)
      assert.strictEqual(files.size, names.length * each)
      for (const name of names) {
        assert.strictEqual(domains.get(`sluice.position/test/${name}`), String(each))
        assert.strictEqual(transactions.get(name), each)
      }
      // Every commit once, and each process' commits in its order.
      const seen = new Map<string, number>()
      yield* table.changes(0, version).pipe(
        Stream.runForEach(({ actions }) =>
          Effect.sync(() => {
            const [first] = actions
            assert.isTrue(first !== undefined && "commitInfo" in first)
            if (first === undefined || !("commitInfo" in first)) return
            const { name, i } = first.commitInfo["sluice"] as { readonly name: string; readonly i: number }
            assert.strictEqual(i, (seen.get(name) ?? 0) + 1)
            seen.set(name, i)
          })
        )
      )
      assert.deepStrictEqual([...seen.values()], [each, each, each, each])
    })
  )
)
