import { assert, describe, it } from "@effect/vitest"
import { datasetName, datasetUri, locationKind } from "../../src/lineage/names.ts"
import { scrub } from "../../src/record/scrub.ts"

describe("names of datasets", () => {
  const names: ReadonlyArray<readonly [location: string, namespace: string, name: string, uri: string]> = [
    ["file:///lake/stage/checkout", "file", "/lake/stage/checkout", "file:///lake/stage/checkout"],
    ["file:///lake/stage/checkout/", "file", "/lake/stage/checkout", "file:///lake/stage/checkout"],
    ["/lake/stage/checkout", "file", "/lake/stage/checkout", "file:///lake/stage/checkout"],
    ["file:///my%20lake/100%25", "file", "/my lake/100%", "file:///my%20lake/100%25"],
    ["file:///lake/50%", "file", "/lake/50%", "file:///lake/50%25"],
    ["file:///lake/a%23b", "file", "/lake/a#b", "file:///lake/a%23b"],
    ["file://nas/share/in", "file://nas", "/share/in", "file://nas/share/in"],
    ["file:///", "file", "/", "file:///"],
    ["-", "file", "-", "file:-"],
    ["s3://bucket/stage/orders/", "s3://bucket", "stage/orders", "s3://bucket/stage/orders"],
    ["s3a://bucket/stage/orders", "s3://bucket", "stage/orders", "s3://bucket/stage/orders"],
    ["s3://bucket", "s3://bucket", "/", "s3://bucket/"],
    [
      "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
      "arn:aws:kinesis:us-east-1:123456789012",
      "stream/orders",
      "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
    ],
    ["https://me:secret@host:8443/v1/orders?token=x", "https://host:8443", "v1/orders", "https://host:8443/v1/orders"]
  ]
  for (const [location, namespace, name, uri] of names) {
    it(location, () => {
      const made = datasetName(location)
      assert.deepStrictEqual(made, { namespace, name })
      assert.strictEqual(datasetUri(made), uri)
    })
  }

  it("streams are told from files", () => {
    assert.strictEqual(locationKind(datasetName("arn:aws:kinesis:us-east-1:123456789012:stream/orders")), "stream")
    assert.strictEqual(locationKind(datasetName("file:///in")), "file")
  })
})

describe("messages for the outside", () => {
  const messages: ReadonlyArray<readonly [string, string]> = [
    ["Table stage/checkout: version 12 is missing. Restore it.", "Table stage/checkout: version 12 is missing. Restore it."],
    ["_delta_log/00000000000000000012.json is cut off", "_delta_log/00000000000000000012.json is cut off"],
    ["ingest_date=2026-11-20/ingest_hour=7 is unreadable", "ingest_date=2026-11-20/ingest_hour=7 is unreadable"],
    ["connect https://me:pw@host/path?token=abc#x failed", "connect https://host/path failed"],
    ["sent Authorization: Bearer abc.def-123", "sent Authorization: Bearer [removed]"],
    ["secret=hunter2, password: swordfish", "secret=[removed], password: [removed]"],
    ["key AKIAABCDEFGHIJKLMNOP is not allowed", "key [key] is not allowed"],
    ["no such user joão.silva+x@exemplo.com.br here", "no such user [e-mail] here"],
    ["document 123.456.789-09 or 12345678909", "document [number] or [number]"],
    ["card 4111 1111 1111 1111", "card [number]"],
    ["call +55 (21) 99999-0000", "call [number]"],
    ["first line\nSELECT * FROM people", "first line"],
    ["bell\u0007 and\ttab", "bell  and tab"],
    ["", ""]
  ]
  for (const [message, clean] of messages) it(JSON.stringify(message), () => assert.strictEqual(scrub(message), clean))

  it("is short", () => assert.lengthOf(scrub("x".repeat(5000)), 1001))
})
