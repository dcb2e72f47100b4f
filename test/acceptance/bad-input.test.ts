import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { sluiceJson } from "../cli/sluice.ts"
import { inOrder, query, tableVersions, temporaryFolder, verified } from "./support.ts"

/** What becomes of bad and doubled records in the tables, where it takes more than the decoder to say: limits, coordinates, the fold. */

const folder = temporaryFolder()
const order = (id: string, more: object = {}) => JSON.stringify({ orderId: id, lastChange: "2026-11-20T07:30:00Z", value: 100, ...more })

const write = async (path: string, ...lines: ReadonlyArray<string>): Promise<string> => {
  const file = folder(path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, lines.map((line) => `${line}\n`).join(""))
  return file
}

const ingest = (input: string, lake: string, ...more: ReadonlyArray<string>) =>
  sluiceJson(["ingest", "--input", folder(input), "--lake", folder(lake), ...more])
const repartition = (lake: string) => sluiceJson(["repartition", "--lake", folder(lake)])
describe("records that cannot be rows", () => {
  it("are dead letters that name the byte or the path, by the limits that were set", async () => {
    await write(
      "refused/2026/11/20/07/a.ndjson",
      order("fine"),
      '{"orderId":"1",}',
      '{"orderId":"1","lastChange":"2026',
      "[1]",
      order("deep", { items: [{ offerings: [[]] }] }),
      order("large", { openTextField: "x".repeat(300) }),
      '{"lastChange":"2026-11-20T07:30:00Z"}',
      '{"orderId":"1","lastChange":"soon"}'
    )
    const { counts } = await ingest("refused", "refused-lake", "--max-depth", "4", "--max-record-bytes", "200")
    expect(counts).toMatchObject({ records: 8, rows: 1, empty: 0 })
    const letters = await query(
      folder("refused-lake"),
      'SELECT reason, path, "offset", size FROM dead_letters ORDER BY CAST(_sequence_number AS BIGINT)'
    )
    expect(letters).toEqual([
      { reason: "not_json", path: null, offset: 15, size: 16 },
      { reason: "truncated", path: null, offset: 33, size: 33 },
      { reason: "not_object", path: null, offset: 0, size: 3 },
      { reason: "too_deep", path: null, offset: expect.any(Number), size: expect.any(Number) },
      { reason: "too_large", path: null, offset: 200, size: 386 },
      { reason: "missing_key", path: "orderId", offset: null, size: 37 },
      { reason: "unreadable_event_time", path: "lastChange", offset: null, size: 35 }
    ])
    // Of a record that is too large, the table holds no more than the limit and the byte that broke it.
    const [large] = await query(folder("refused-lake"), "SELECT octet_length(raw) AS bytes FROM dead_letters WHERE reason = 'too_large'")
    expect(large).toEqual({ bytes: 201 })
    expect(await verified(folder("refused-lake"))).toEqual(inOrder)
  })
})

describe("nothing", () => {
  it("comes of empty files, empty lines, empty objects and names that are not for reading", async () => {
    await write("nothing/2026/11/20/07/empty.ndjson")
    await write("nothing/2026/11/20/07/blank.ndjson", "", "  ", "{}", "{ }")
    await write("nothing/2026/11/20/07/_SUCCESS", order("no"))
    await write("nothing/2026/11/20/07/.hidden.ndjson", order("no"))
    await write("nothing/2026/11/20/07/image.png", order("no"))
    const { counts, skipped } = await ingest("nothing", "nothing-lake")
    expect(skipped).toEqual({ hidden: 2, type: 1, special: 0 })
    expect(counts).toMatchObject({ records: 4, rows: 0, empty: 4, deadLetters: {} })
    expect(await query(folder("nothing-lake"), "SELECT * FROM stage_checkout UNION ALL BY NAME SELECT * FROM dead_letters")).toEqual([])
    expect(await verified(folder("nothing-lake"))).toEqual(inOrder)
    expect((await ingest("nothing", "nothing-lake")).commits).toBe(0)
  })
})

describe("the same record", () => {
  it("is taken once, by whatever way its file is reached", async () => {
    const file = await write("once/2026/11/20/07/a.ndjson", order("a"), "not JSON", order("b"))
    await ingest("once", "once-lake")
    const versions = await tableVersions(folder("once-lake"))
    await symlink(file, folder("link.ndjson"))
    await symlink(folder("once"), folder("once-link"))
    for (const input of ["once", "once/2026/11/20/07/a.ndjson", "link.ndjson", "once-link"])
      expect((await ingest(input, "once-lake")).commits).toBe(0)
    expect(await tableVersions(folder("once-lake"))).toEqual(versions)
    expect(await verified(folder("once-lake"))).toEqual(inOrder)
  })
})

describe("the same version of an order", () => {
  it("stands in stage as often as it came, and once in consumable: the copy that arrived last", async () => {
    const first = await write("twice/2026/11/20/07/a.ndjson", order("a", { status: "first" }), order("b"))
    await write("twice/2026/11/20/09/a.ndjson", order("a", { status: "last" }))
    await write("twice/2026/11/20/08/a.ndjson", order("a", { status: "second" }), order("a", { status: "third" }))
    await ingest("twice", "twice-lake")
    await repartition("twice-lake")
    const consumable = () => query(folder("twice-lake"), "SELECT order_id, status FROM consumable_checkout ORDER BY order_id")
    const expected = [
      { order_id: "a", status: "last" },
      { order_id: "b", status: null }
    ]
    expect(await consumable()).toEqual(expected)

    // A whole file once more, under another name: in a later run, but of an earlier hour.
    await copyFile(first, folder("twice/2026/11/20/07/again.ndjson"))
    await ingest("twice", "twice-lake")
    expect(await repartition("twice-lake")).toMatchObject({ rowsRead: 2, duplicates: 2 })
    expect(await consumable()).toEqual(expected)
    const [{ rows } = {}] = await query(folder("twice-lake"), "SELECT count(*) AS rows FROM stage_checkout")
    expect(rows).toBe(7)
    expect(await verified(folder("twice-lake"))).toEqual(inOrder)
  })
})
