import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Deferred, Effect, Fiber } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { appendTo, readText, writeWhole } from "../../src/cli/whole-file.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-whole-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (path: string, ...pieces: ReadonlyArray<string>) =>
  writeWhole(path, (part) =>
    Effect.scoped(Effect.flatMap(appendTo(part, path), (append) => Effect.forEach(pieces, append, { discard: true })))
  )

const messageOf = <E extends { readonly message: string }>(effect: Effect.Effect<unknown, E>) =>
  Effect.runPromise(Effect.map(Effect.flip(effect), ({ message }) => message))

it("a file has its name once it is whole, and its place where a link leads", async () => {
  const path = join(folder, "a.csv")
  await symlink("a.csv", join(folder, "link.csv"))
  await Effect.runPromise(write(path, "one,", "two"))
  await Effect.runPromise(write(join(folder, "link.csv"), "three"))
  expect([await readFile(path, "utf8"), (await readdir(folder)).toSorted()]).toEqual(["three", ["a.csv", "link.csv"]])
})

it("one that fails or is stopped leaves what was there, and nothing else", async () => {
  const path = join(folder, "b.csv")
  await writeFile(path, "before")
  const failing = writeWhole(path, (part) =>
    Effect.andThen(
      Effect.promise(() => writeFile(part, "half")),
      Effect.fail({ message: "late" })
    )
  )
  expect(await messageOf(failing)).toBe("late")
  const begun = Deferred.makeUnsafe<void>()
  const waiting = writeWhole(path, (part) =>
    Effect.promise(() => writeFile(part, "half")).pipe(Effect.andThen(Deferred.succeed(begun, undefined)), Effect.andThen(Effect.never))
  )
  const fiber = Effect.runFork(waiting)
  await Effect.runPromise(Deferred.await(begun))
  expect((await readdir(folder)).filter((name) => name.startsWith(".b.csv."))).toHaveLength(1)
  await Effect.runPromise(Fiber.interrupt(fiber))
  expect([await readFile(path, "utf8"), (await readdir(folder)).filter((name) => name.startsWith("."))]).toEqual(["before", []])
})

it("a device is written to as it is", async () => {
  await Effect.runPromise(write("/dev/null", "gone"))
})

it("what is in the way is told by the name that was given", async () => {
  expect(await messageOf(write(folder, "x"))).toBe(`--output: ${folder} is a folder. Give the name of a file in it.`)
  const nowhere = join(folder, "no", "where.csv")
  expect(await messageOf(write(nowhere, "x"))).toBe(
    `${nowhere} cannot be written: ENOENT: no such file or directory. Look whether its folder is there, may be written and has room.`
  )
  const none = join(folder, "none.sql")
  expect(await messageOf(readText(none))).toBe(
    `${none} cannot be read: ENOENT: no such file or directory. Give a file of SQL in UTF-8, or - for standard input.`
  )
  await writeFile(none, new Uint8Array([0x53, 0xff]))
  expect(await messageOf(readText(none))).toContain("cannot be read")
})

it("a mark of the encoding at the beginning is no part of a text", async () => {
  const path = join(folder, "c.sql")
  await writeFile(path, "\ufeffSELECT 1")
  expect(await Effect.runPromise(readText(path))).toBe("SELECT 1")
})

it("a folder that is not there is told before anything is written, whoever would write", async () => {
  let asked = false
  const path = join(folder, "nowhere", "a.parquet")
  const message = await messageOf(writeWhole(path, () => Effect.sync(() => (asked = true))))
  expect([asked, message]).toEqual([false, expect.stringContaining(`${path} cannot be written: ENOENT`)])
})
