import { describe, expect, it } from "vitest"
import { dayBounds, firstTask, inBounds, newFiles, readable, type StageCommit, taskWithoutFiles } from "../../src/repartition/plan.ts"
import type { Action, AddFile } from "../../src/table/actions.ts"

const file = (path: string, hour = "1"): AddFile => ({
  path,
  partitionValues: { ingest_date: "2026-11-20", ingest_hour: hour },
  size: 1,
  modificationTime: 1,
  stats: null,
  dataChange: true
})
const add = (path: string, hour?: string): Action => ({ add: file(path, hour) })
const move = (path: string, hour?: string): Action => ({ add: { ...file(path, hour), dataChange: false } })
const remove = (path: string, dataChange: boolean, hour = "1"): Action => ({
  remove: { path, dataChange, deletionTimestamp: 1, partitionValues: { ingest_date: "2026-11-20", ingest_hour: hour }, size: 1 }
})
const commits = (...all: ReadonlyArray<ReadonlyArray<Action>>): ReadonlyArray<StageCommit> =>
  all.map((actions, i) => ({ version: i + 5, actions }))
const live = (...paths: ReadonlyArray<string>) => new Map(paths.map((path) => [path, file(path)]))
const paths = (files: ReadonlyArray<AddFile> | null) => files?.map(({ path }) => path)

describe("what the log brings", () => {
  const nothing = () => false
  const all = () => true

  it("is the files that were added with data", () => {
    const found = newFiles(commits([add("a"), { commitInfo: {} }], [], [add("b"), add("c")]))
    expect(paths(readable(found, live("a", "b", "c", "old"), nothing))).toEqual(["a", "b", "c"])
    expect(found.rewritten).toBeNull()
  })

  it("is not what only rearranges rows that were taken before", () => {
    const found = newFiles(commits([remove("old1", false), remove("old2", false), move("big")]))
    expect(paths(readable(found, live("big"), nothing))).toEqual([])
    expect(found.rewritten).toBeNull()
  })

  it("is read from the original while it exists, else from what it was compacted into", () => {
    const found = newFiles(commits([add("a"), add("b")], [remove("a", false), remove("old", false), move("big"), move("other", "2")]))
    expect(paths(readable(found, live("b", "big", "other"), all))).toEqual(["a", "b"])
    expect(paths(readable(found, live("b", "big", "other"), nothing))).toEqual(["big", "b"])
  })

  it("is followed through one compaction after another", () => {
    const found = newFiles(commits([add("a")], [remove("a", false), move("big")], [remove("big", false), move("bigger")]))
    expect(paths(readable(found, live("bigger"), nothing))).toEqual(["bigger"])
    expect(readable(found, live("other"), nothing)).toBeNull()
  })

  it("is found among very many files that were compacted, whether they are new or not", () => {
    const names = Array.from({ length: 40_000 }, (_, i) => i)
    const found = newFiles(
      commits(
        names.map((i) => add(`new${i}`)),
        ...names.map((i) => [remove(`new${i}`, false), move(`big${i}`)]),
        names.map((i) => remove(`old${i}`, false))
      )
    )
    expect([found.files.size, found.compacted.size]).toEqual([40_000, 40_000])
    // One look through all for each of them would take minutes.
  }, 60_000)

  it("is lost where neither is left", () => {
    const found = newFiles(commits([add("a")], [remove("a", false), move("big")]))
    expect(readable(found, live(), nothing)).toBeNull()
  })

  it("is nothing of a file that came and went", () => {
    const found = newFiles(commits([add("a"), add("b")], [remove("a", true)]))
    expect(paths(readable(found, live("b"), nothing))).toEqual(["b"])
    expect(found.rewritten).toBeNull()
  })

  it("is not known when rows that were taken were deleted", () => {
    expect(newFiles(commits([add("a")], [remove("old", true), add("rewritten")])).rewritten).toBe(6)
  })
})

describe("what there is to do", () => {
  const input = { taken: 5, version: 9, earliest: 0, isOther: false, rebuild: false, bounds: null }
  const bounds = { from: "2026-11-20", to: null }
  it.each([
    ["merges what is new", {}, { kind: "merge" }],
    ["does nothing twice", { version: 5 }, { kind: "nothing" }],
    ["takes everything at first, whatever the log still has", { taken: -1, earliest: 7 }, { kind: "fold", bounds: null }],
    ["folds everything when asked to", { rebuild: true, earliest: 9 }, { kind: "fold", bounds: null }],
    ["folds days when asked to", { bounds, earliest: 9 }, { kind: "fold", bounds }],
    ["needs the whole log since", { earliest: 7 }, { kind: "expired", missing: 6 }],
    ["needs no more than that", { earliest: 6 }, { kind: "merge" }],
    ["sees that the stage is another", { version: 4 }, { kind: "behind" }],
    ["sees it by the stage's id, too", { isOther: true }, { kind: "other" }],
    ["folds no days of another stage", { isOther: true, bounds: { from: "2026-11-20", to: null } }, { kind: "other" }],
    ["takes another stage when told to", { isOther: true, rebuild: true }, { kind: "fold", bounds: null }]
  ])("%s", (_, more, task) => expect(firstTask({ ...input, ...more })).toEqual(task))

  it("notes now and then that nothing came", () => {
    expect(taskWithoutFiles(5, 6)).toEqual({ kind: "nothing" })
    expect(taskWithoutFiles(5, 105)).toEqual({ kind: "note" })
  })
})

describe("days", () => {
  it("bound on both sides, or one, or none", () => {
    expect(dayBounds(undefined, undefined)).toBeNull()
    expect(dayBounds("2026-11-20", undefined)).toEqual({ from: "2026-11-20", to: null })
    expect(inBounds("2026-11-20", { from: "2026-11-20", to: "2026-11-20" })).toBe(true)
    expect(inBounds("2026-11-21", { from: null, to: "2026-11-20" })).toBe(false)
    expect(inBounds("", { from: null, to: "2026-11-20" })).toBe(false)
  })

  it.each([
    ["2026-02-30", undefined],
    ["yesterday", undefined],
    [undefined, "2026-11-20T00:00:00Z"],
    ["2026-11-21", "2026-11-20"],
    ["", undefined]
  ])("refuses %s to %s", (from, to) => expect(() => dayBounds(from, to)).toThrow(RangeError))
})
