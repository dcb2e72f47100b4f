import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { type Column, leaf } from "../../src/record/column.ts"
import { Malformed } from "../../src/record/malformed.ts"
import { compareKeys } from "../../src/store/keys.ts"
import { parseCommit, serializeCommit } from "../../src/table/action-json.ts"
import type { Action } from "../../src/table/actions.ts"
import { evolveSchema, stillFits } from "../../src/table/evolve.ts"
import { LayeredMap } from "../../src/table/layered-map.ts"
import { partitionValue } from "../../src/table/partition-values.ts"
import { addPath, checkpointName, commitName, decodePath, encodePath, parseLogName } from "../../src/table/paths.ts"
import { parseInterval } from "../../src/table/properties.ts"
import { requireReadable } from "../../src/table/protocol.ts"
import { deltaSchema, parseSchema, typeText } from "../../src/table/schema.ts"

const lines = (...values: ReadonlyArray<unknown>) => new TextEncoder().encode(values.map((value) => JSON.stringify(value)).join("\n"))
const textOf = (actions: ReadonlyArray<Action>) => new TextDecoder().decode(serializeCommit(actions))
const malformed = (f: () => unknown, reason: Malformed["reason"], ...mentions: ReadonlyArray<string>) => {
  try {
    f()
  } catch (error) {
    assert.instanceOf(error, Malformed)
    assert.strictEqual(error.reason, reason)
    for (const mention of mentions) assert.include(error.message, mention)
    return
  }
  assert.fail("nothing was thrown")
}

describe("paths", () => {
  it("escapes partition folders as Hive does, and the path again as a URI", () => {
    const path = addPath({ _2: "bar+%21" }, "part-1.parquet")
    assert.strictEqual(path, "_2=bar+%2521/part-1.parquet")
    assert.strictEqual(encodePath(path), "_2=bar+%252521/part-1.parquet")
    const time = addPath({ t: "2021-09-08 11:11:11" }, "f")
    assert.strictEqual(time, "t=2021-09-08 11%3A11%3A11/f")
    assert.strictEqual(encodePath(time), "t=2021-09-08%2011%253A11%253A11/f")
    assert.strictEqual(addPath({ a: null, b: "x/y" }, "f"), "a=__HIVE_DEFAULT_PARTITION__/b=x%2Fy/f")
    malformed(() => addPath({ a: "" }, "f"), "Invalid", "a")
  })

  it("keeps a plus sign, and never writes one for a space", () => {
    assert.strictEqual(encodePath("a b+c"), "a%20b+c")
    assert.strictEqual(decodePath("a%20b+c"), "a b+c")
  })

  it.prop("decodes what it encodes", [Schema.String], ([text]) => {
    const path = `p/${text.toWellFormed().replaceAll("\0", "")}`
    assert.strictEqual(decodePath(encodePath(path)), path)
    assert.match(encodePath(path), /^[\x21-\x7e]*$/)
  })

  it("refuses files outside the table and bad encodings", () => {
    malformed(() => decodePath("s3://bucket/x"), "Unsupported", "s3://bucket/x")
    malformed(() => decodePath("/abs/x"), "Unsupported")
    malformed(() => decodePath("a%zz"), "Corrupt")
  })

  it("knows the names of the log", () => {
    assert.strictEqual(commitName(7), "00000000000000000007.json")
    assert.deepStrictEqual(parseLogName(commitName(7)), { kind: "commit", version: 7 })
    assert.deepStrictEqual(parseLogName(checkpointName(100)), { kind: "checkpoint", version: 100, part: 1, parts: 1 })
    assert.deepStrictEqual(parseLogName("00000000000000000010.checkpoint.0000000002.0000000003.parquet"), {
      kind: "checkpoint",
      version: 10,
      part: 2,
      parts: 3
    })
    assert.strictEqual(parseLogName("00000000000000000010.crc")?.kind, "other")
    assert.strictEqual(parseLogName("00000000000000000010.00000000000000000012.compacted.json")?.kind, "other")
    for (const name of ["_last_checkpoint", "10.json", ".00000000000000000010.json.crc", "00000000000000000010.json.tmp"])
      assert.isNull(parseLogName(name))
  })
})

describe("actions", () => {
  const actions: ReadonlyArray<Action> = [
    { commitInfo: { timestamp: 1, operation: "WRITE", isBlindAppend: true, txnId: "u", sluice: { rows: 3 } } },
    { protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["domainMetadata"] } },
    {
      metaData: {
        id: "i",
        name: "n",
        description: null,
        format: { provider: "parquet", options: {} },
        schemaString: '{"type":"struct","fields":[]}',
        partitionColumns: ["d"],
        configuration: { "delta.checkpointInterval": "100" },
        createdTime: 5
      }
    },
    { txn: { appId: "a", version: 9_007_199_254_740_991, lastUpdated: 4 } },
    { domainMetadata: { domain: "sluice.position/files/x", configuration: '{"n":"123"}', removed: false } },
    {
      add: {
        path: "d=a%2Fb/ü f",
        partitionValues: { d: "a/b" },
        size: 1,
        modificationTime: 2,
        stats: '{"numRecords":9007199254740993}',
        dataChange: true,
        tags: { k: "v" }
      }
    },
    { remove: { path: "x y", deletionTimestamp: 3, dataChange: false, partitionValues: { d: null }, size: 8 } }
  ]

  it("writes one object a line, and reads it back", () => {
    const text = textOf(actions)
    assert.strictEqual(text.split("\n").length, actions.length + 1)
    assert.include(text, '"path":"d=a%252Fb/%C3%BC%20f"')
    // Statistics are text inside: digits beyond 2^53 pass untouched.
    assert.include(text, '"stats":"{\\"numRecords\\":9007199254740993}"')
    assert.include(text, '"extendedFileMetadata":true')
    const [first, ...others] = parseCommit(serializeCommit(actions))
    assert.deepStrictEqual(others, actions.slice(1))
    // The first line says how many there are.
    assert.deepStrictEqual(first, {
      commitInfo: { ...actions.flatMap((a) => ("commitInfo" in a ? [a.commitInfo] : []))[0], sluiceLines: actions.length }
    })
  })

  it("keeps the path of another writer as it was encoded, for the remove", () => {
    // Java leaves letters beyond ASCII as they are.
    const [parsed] = parseCommit(lines({ add: { path: "d=ü%20x/f", partitionValues: {}, size: 1, modificationTime: 1, dataChange: true } }))
    assert.isTrue(parsed !== undefined && "add" in parsed)
    if (parsed === undefined || !("add" in parsed)) return
    assert.strictEqual(parsed.add.path, "d=ü x/f")
    assert.include(textOf([parsed]), "d=ü%20x/f")
  })

  it("ignores unknown actions and fields, takes the empty text for null", () => {
    const parsed = parseCommit(
      lines(
        { cdc: { path: "x" } },
        { future: 1 },
        { add: { path: "p", partitionValues: { d: "" }, size: 1, modificationTime: 1, dataChange: true, future: {} } }
      )
    )
    assert.deepStrictEqual(parsed, [
      { add: { path: "p", partitionValues: { d: null }, size: 1, modificationTime: 1, dataChange: true, stats: null } }
    ])
  })

  it("names what is damaged", () => {
    malformed(() => parseCommit(new TextEncoder().encode('{"add":{}}\n{"add":')), "Corrupt", "path")
    malformed(() => parseCommit(new TextEncoder().encode('\n{"commitInfo":')), "Corrupt", "line 2")
    malformed(() => parseCommit(lines([1])), "Corrupt", "action")
    malformed(() => parseCommit(lines({ txn: { appId: "a", version: 1.5 } })), "Corrupt", "version")
    malformed(() => parseCommit(lines({ txn: { appId: "a", version: 2 ** 60 } })), "Unsupported", "2^53")
    malformed(
      () => parseCommit(lines({ add: { path: "p", partitionValues: { d: 1 }, size: 1, modificationTime: 1 } })),
      "Corrupt",
      "partitionValues.d"
    )
    malformed(
      () =>
        parseCommit(lines({ add: { path: "p", partitionValues: {}, size: 1, modificationTime: 1, deletionVector: { storageType: "u" } } })),
      "Unsupported",
      "deletionVectors"
    )
    assert.throws(() => parseCommit(new Uint8Array([0xff, 0xfe])))
  })
})

describe("schema", () => {
  const list = (name: string, element: Column): Column => ({ kind: "list", name, description: "", element })
  const struct = (name: string, ...fields: ReadonlyArray<Column>): Column => ({ kind: "struct", name, description: "", fields })
  const items = (...more: ReadonlyArray<Column>) => list("items", struct("element", leaf("id", "text", ""), ...more))

  it("follows the columns, in order, with descriptions as comments", () => {
    const schema = deltaSchema([
      leaf("id", "text", "The key."),
      leaf("n", "long", ""),
      leaf("price", { type: "decimal", precision: 10, scale: 2 }, ""),
      leaf("raw", "json", ""),
      leaf("at", "timestamp", ""),
      items(leaf("q", "integer", "How many."))
    ])
    assert.strictEqual(
      typeText(schema),
      "struct<id:string,n:long,price:decimal(10,2),raw:string,at:timestamp,items:array<struct<id:string,q:integer>>>"
    )
    assert.deepStrictEqual(schema.fields[0], { name: "id", type: "string", nullable: true, metadata: { comment: "The key." } })
    assert.deepStrictEqual(parseSchema(JSON.stringify(schema)), schema)
  })

  it("refuses names that engines cannot take", () => {
    for (const name of ["", "a b", "a=b", "a,b", "a(b)", "a\n"]) malformed(() => deltaSchema([leaf(name, "text", "")]), "Invalid")
    malformed(() => deltaSchema([leaf("id", "text", ""), leaf("ID", "text", "")]), "Invalid", "ID")
    malformed(() => deltaSchema([struct("s", leaf("a", "text", ""), leaf("A", "text", ""))]), "Invalid", "A")
  })

  it("names a type that it does not know", () => {
    malformed(() => parseSchema('{"type":"struct","fields":[{"name":"v","type":"variant"}]}'), "Unsupported", "v", "variant")
    malformed(() => parseSchema('{"type":"struct","fields":[{"name":"a","type":{"type":"array"}}]}'), "Corrupt", "a.element")
    malformed(() => parseSchema('"string"'), "Corrupt")
  })

  it("evolves by adding fields, also in structs and in lists of structs", () => {
    const before = deltaSchema([leaf("id", "text", ""), struct("s", leaf("a", "text", "")), items()])
    const after = evolveSchema(
      before,
      deltaSchema([
        leaf("new", "long", ""),
        items(leaf("q", "long", "")),
        struct("s", leaf("b", "date", ""), leaf("a", "text", "")),
        leaf("id", "text", "Now with words.")
      ])
    )
    assert.deepStrictEqual([...after.added].sort(), ["items.element.q", "new", "s.b"])
    assert.strictEqual(typeText(after.schema), "struct<id:string,s:struct<a:string,b:date>,items:array<struct<id:string,q:long>>,new:long>")
    assert.deepStrictEqual(after.schema.fields[0]?.metadata, { comment: "Now with words." })
    assert.isTrue(stillFits(before, after.schema))
    assert.isFalse(stillFits(after.schema, before))
    assert.deepStrictEqual(evolveSchema(after.schema, before).added, [])
  })

  it("refuses a changed type, naming the column and both types", () => {
    const before = deltaSchema([items(leaf("q", "integer", ""))])
    malformed(() => evolveSchema(before, deltaSchema([items(leaf("q", "long", ""))])), "Invalid", "items.element.q", "integer", "long")
    malformed(
      () => evolveSchema(before, deltaSchema([leaf("items", "text", "")])),
      "Invalid",
      "items",
      "array<struct<id:string,q:integer>>"
    )
    malformed(() => evolveSchema(before, deltaSchema([leaf("ITEMS", "text", "")])), "Invalid", "ITEMS")
    assert.isFalse(stillFits(before, deltaSchema([items(leaf("q", "long", ""))])))
  })

  it("does not fit files without a value where one became mandatory", () => {
    const before = deltaSchema([leaf("a", "text", "")])
    const mandatory = { ...before, fields: before.fields.map((field) => ({ ...field, nullable: false })) }
    assert.isFalse(stillFits(before, mandatory))
    assert.isTrue(stillFits(mandatory, before))
  })
})

describe("protocol", () => {
  it("refuses by name what it cannot read", () => {
    requireReadable({ minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["anything"] })
    requireReadable({ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["timestampNtz"] })
    malformed(() => requireReadable({ minReaderVersion: 2, minWriterVersion: 5 }), "Unsupported", "columnMapping")
    malformed(
      () => requireReadable({ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["v2Checkpoint", "timestampNtz"] }),
      "Unsupported",
      "v2Checkpoint"
    )
    malformed(() => requireReadable({ minReaderVersion: 4, minWriterVersion: 8 }), "Unsupported", "4")
  })
})

describe("properties", () => {
  it("reads intervals as Spark writes them", () => {
    assert.strictEqual(parseInterval("p", "interval 7 days"), 604_800_000)
    assert.strictEqual(parseInterval("p", "INTERVAL 1 WEEK 12 hours"), 604_800_000 + 43_200_000)
    assert.strictEqual(parseInterval("p", "30 minutes"), 1_800_000)
    for (const text of ["interval 1 month", "7", "interval", "interval -1 days", "P7D"])
      malformed(() => parseInterval("p", text), "Invalid", "p")
  })
})

describe("partition values", () => {
  it("become values of their type", () => {
    assert.strictEqual(partitionValue("-2342342.23423", "decimal(12,5)"), -234234223423n)
    assert.strictEqual(partitionValue("0.00004", "decimal(12,5)"), 4n)
    assert.strictEqual(partitionValue("12345678901234567890123456789012345678", "decimal(38,0)"), 12345678901234567890123456789012345678n)
    assert.strictEqual(partitionValue("1E-8", "decimal(20,10)"), 100n)
    assert.strictEqual(partitionValue("9223372036854775807", "long"), 9223372036854775807n)
    assert.strictEqual(partitionValue("2026-11-20", "date"), 20_777)
    assert.strictEqual(partitionValue("2021-09-08 11:11:11", "timestamp"), 1631099471000000n)
    assert.strictEqual(partitionValue("1970-01-01T00:00:00.123456Z", "timestamp"), 123456n)
    assert.strictEqual(partitionValue("1969-12-31 23:59:59.5", "timestamp"), -500000n)
    assert.strictEqual(partitionValue("true", "boolean"), true)
    assert.strictEqual(partitionValue("1.5", "double"), 1.5)
    assert.isNull(partitionValue(null, "string"))
    assert.isNull(partitionValue("", "string"))
    assert.strictEqual(partitionValue("null", "string"), "null")
  })

  it("that are of another type are damage", () => {
    for (const [text, type] of [
      ["x", "integer"],
      ["1.5", "long"],
      ["2026-13-01", "date"],
      ["yes", "boolean"],
      ["1.001", "decimal(5,2)"],
      ["", "decimal(5,2)"],
      ["yesterday", "timestamp"],
      ["0x10", "double"]
    ] as const) {
      if (text === "") continue
      malformed(() => partitionValue(text, type), "Corrupt", text)
    }
  })
})

describe("layered map", () => {
  it.prop(
    "is a map, and leaves its earlier versions alone",
    [Arbitrary.schema(Schema.Array(Schema.Tuple([Schema.Int, Schema.NullOr(Schema.Int)])))],
    ([updates]) => {
      const plain = new Map<number, number>()
      let layered = new LayeredMap<number, number>()
      const versions: Array<readonly [LayeredMap<number, number>, ReadonlyArray<readonly [number, number]>]> = []
      for (let round = 0; round < 5; round++)
        for (const [key, value] of updates) {
          const k = (key + round) % 97
          if (value === null) plain.delete(k)
          else plain.set(k, value)
          layered = layered.with(new Map([[k, value ?? undefined]]))
          versions.push([layered, [...plain]])
        }
      for (const [map, expected] of versions) {
        assert.strictEqual(map.size, expected.length)
        assert.deepStrictEqual(new Map(map), new Map(expected))
        for (const [key, value] of expected) assert.strictEqual(map.get(key), value)
      }
    }
  )
})

it.prop("keys compare as their bytes do", [Schema.String, Schema.String], ([a, b]) => {
  const [x, y] = [a.toWellFormed(), b.toWellFormed()]
  assert.strictEqual(Math.sign(compareKeys(x, y)), Buffer.compare(Buffer.from(x), Buffer.from(y)))
})
