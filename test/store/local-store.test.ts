import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { RandomUuid } from "../../src/record/random.ts"
import { temporaryPrefix } from "../../src/store/keys.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { storeSuite } from "./store-suite.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice store-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

storeSuite("local store", Layer.unwrap(Effect.map(folder, localStore)).pipe(Layer.fresh))

const withStore = <A>(body: (store: Store["Service"], root: string) => Effect.Effect<A, unknown, never>) =>
  Effect.scoped(
    Effect.flatMap(folder, (root) =>
      Effect.flatMap(Store, (store) => body(store, root)).pipe(Effect.provide(localStore(root), { local: true }))
    )
  )
const bytes = (text: string) => new TextEncoder().encode(text)

describe("local store", () => {
  it.live("names its root as a URL, and objects by path", () =>
    withStore((store, root) =>
      Effect.sync(() => {
        assert.strictEqual(fileURLToPath(store.root), root)
        assert.isTrue(store.root.startsWith("file:///"))
        assert.include(store.root, "sluice%20store-")
        assert.strictEqual(store.localPath("a/b"), join(root, "a/b"))
      })
    )
  )

  it.live("lists what there is beside a link that leads nowhere", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        writeFileSync(join(root, "a"), "1")
        symlinkSync(join(root, "gone"), join(root, "b"))
        assert.deepStrictEqual(
          (yield* Stream.runCollect(store.list(""))).map(({ key }) => key),
          ["a"]
        )
      })
    )
  )

  it.live.skipIf(process.platform !== "linux")("fails where no folder can be made", () =>
    Effect.gen(function* () {
      const store = yield* Store.pipe(Effect.provide(localStore("/proc/sluice/lake"), { local: true }))
      assert.strictEqual((yield* Effect.flip(store.put("a", bytes("1")))).reason, "NotFound")
    })
  )

  it.live("makes its folder with the first write, not before", () =>
    withStore((_, root) =>
      Effect.gen(function* () {
        const deep = join(root, "not/yet")
        const store = yield* Store.pipe(Effect.provide(localStore(deep), { local: true }))
        assert.strictEqual((yield* Stream.runCollect(store.list(""))).length, 0)
        assert.isFalse(existsSync(deep))
        yield* store.putIfAbsent("a", bytes("1"))
        assert.isTrue(existsSync(join(deep, "a")))
      })
    )
  )

  it.live("refuses a root that is a file", () =>
    withStore((_, root) =>
      Effect.gen(function* () {
        writeFileSync(join(root, "file"), "")
        const error = yield* Effect.flip(Store.pipe(Effect.provide(localStore(join(root, "file")), { local: true })))
        assert.strictEqual(error.reason, "Invalid")
      })
    )
  )

  it.live("hides unfinished writes, refuses their names, and sweeps the old ones", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        const old = join(root, "t", `${temporaryPrefix}old`)
        const young = join(root, "t", `${temporaryPrefix}young`)
        yield* store.put("t/x", bytes("1"))
        writeFileSync(old, "half")
        writeFileSync(young, "half")
        utimesSync(old, 1000, 1000)
        assert.deepStrictEqual(
          (yield* Stream.runCollect(store.list(""))).map(({ key }) => key),
          ["t/x"]
        )
        const refused = yield* Effect.flip(store.get(`t/${temporaryPrefix}old`))
        assert.strictEqual(refused.reason, "Invalid")
        assert.strictEqual(yield* store.sweep("other/", 2_000_000), 0)
        assert.strictEqual(yield* store.sweep("t/", 2_000_000), 1)
        assert.deepStrictEqual(readdirSync(join(root, "t")).sort(), [`${temporaryPrefix}young`, "x"])
      })
    )
  )

  it.live("leaves no temporary file after failures", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        mkdirSync(join(root, "taken/inside"), { recursive: true })
        yield* store.put("file", bytes("1"))
        for (const write of [
          store.put("taken", bytes("1")),
          store.put("file/below", bytes("1")),
          store.putIfAbsent("file/below", bytes("1"))
        ])
          assert.strictEqual((yield* Effect.flip(write)).reason, "Invalid")
        assert.strictEqual(yield* store.putIfAbsent("taken", bytes("1")), "exists")
        assert.strictEqual((yield* Effect.flip(store.get("taken"))).reason, "Invalid")
        assert.strictEqual((yield* Effect.flip(store.head("taken"))).reason, "Invalid")
        assert.strictEqual((yield* Effect.flip(store.put("n".repeat(300), bytes("1")))).reason, "Invalid")
        assert.deepStrictEqual(readdirSync(root).sort(), ["file", "taken"])
      })
    )
  )

  it.live("makes a file for an upload when it is large, or whole", () =>
    withStore((store, root) =>
      Effect.scoped(
        Effect.gen(function* () {
          const made = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).length : 0)
          const [small, large] = [yield* store.upload("small/x"), yield* store.upload("large/x")]
          const part = bytes("x".repeat(40_000))
          yield* small.write(part)
          yield* large.write(part)
          assert.deepStrictEqual([made("small"), made("large")], [0, 0])
          // Who wrote it may write something else there.
          part.fill(121)
          yield* large.write(part)
          assert.deepStrictEqual([made("small"), made("large")], [0, 1])
          assert.deepStrictEqual([yield* small.finish, yield* large.finish], [{ size: 40_000 }, { size: 80_000 }])
          assert.strictEqual(readFileSync(join(root, "small/x"), "utf8"), "x".repeat(40_000))
          assert.strictEqual(readFileSync(join(root, "large/x"), "utf8"), "x".repeat(40_000) + "y".repeat(40_000))
          assert.deepStrictEqual([readdirSync(join(root, "small")), readdirSync(join(root, "large"))], [["x"], ["x"]])
        })
      )
    )
  )

  it.live("takes over a finished file", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        const source = join(root, "made-by-another")
        writeFileSync(source, "rows")
        assert.deepStrictEqual(yield* store.putFile("new/place", source), { size: 4 })
        assert.isFalse(existsSync(source))
        assert.strictEqual(readFileSync(join(root, "new/place"), "utf8"), "rows")
        assert.deepStrictEqual(readdirSync(join(root, "new")), ["place"])
        assert.strictEqual((yield* Effect.flip(store.putFile("x", source))).reason, "NotFound")
      })
    )
  )

  it.live("takes over a file from another file system", (context) =>
    withStore((store, root) =>
      Effect.gen(function* () {
        if (!existsSync("/dev/shm")) return context.skip("no second file system at /dev/shm")
        const elsewhere = mkdtempSync("/dev/shm/sluice-")
        const source = join(elsewhere, "f")
        writeFileSync(source, "rows")
        yield* store.putFile("a/b", source)
        assert.isFalse(existsSync(source))
        rmSync(elsewhere, { recursive: true })
        assert.strictEqual(readFileSync(join(root, "a/b"), "utf8"), "rows")
        assert.deepStrictEqual(readdirSync(join(root, "a")), ["b"])
      })
    )
  )

  it.live("follows folders that are links", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        yield* store.put("real/x", bytes("1"))
        symlinkSync(join(root, "real"), join(root, "linked"))
        assert.deepStrictEqual(
          (yield* Stream.runCollect(store.list("linked/"))).map(({ key }) => key),
          ["linked/x"]
        )
      })
    )
  )

  it.live("names its temporary files through the random service", () =>
    withStore((store, root) =>
      Effect.gen(function* () {
        mkdirSync(join(root, "d"))
        writeFileSync(join(root, "d", `${temporaryPrefix}fixed`), "")
        const error = yield* Effect.flip(store.put("d/x", bytes("1")).pipe(Effect.provideService(RandomUuid, Effect.succeed("fixed"))))
        assert.strictEqual(error.reason, "Unavailable")
        assert.deepStrictEqual(readdirSync(join(root, "d")), [`${temporaryPrefix}fixed`])
      })
    )
  )

  it.live("says that a full disk is full", (context) =>
    Effect.gen(function* () {
      // A file system of its own that is full: /dev/full is not a folder, a small tmpfs needs root.
      const mount = mkdtempSync(join(tmpdir(), "sluice-full-"))
      try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], { stdio: "ignore" })
      } catch {
        rmSync(mount, { recursive: true })
        return context.skip("mounting a small file system is not permitted here")
      }
      const error = yield* Effect.gen(function* () {
        const store = yield* Store
        return yield* Effect.flip(store.put("big", new Uint8Array(1_000_000)))
      }).pipe(
        Effect.provide(localStore(mount), { local: true }),
        Effect.tap(() => Effect.sync(() => assert.deepStrictEqual(readdirSync(mount), []))),
        Effect.ensuring(
          Effect.sync(() => {
            execFileSync("umount", [mount])
            rmSync(mount, { recursive: true })
          })
        )
      )
      assert.strictEqual(error.reason, "Full")
      assert.include(error.message, "no space left")
    })
  )
})
