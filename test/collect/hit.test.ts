import { describe, expect, it } from "vitest"
import { hits as webHits } from "../../schemas/web/hits.ts"
import { bodyForm, encodingOf, hitsIn } from "../../src/collect/body.ts"
import { clientAddress, holderOf, networkOf, plainAddress } from "../../src/collect/client-address.ts"
import { formHit, jsonHit } from "../../src/collect/hit.ts"
import { RateLimit } from "../../src/collect/rate-limit.ts"
import { hitEnvelope, isOfEnvelope } from "../../src/contract/hit-envelope.ts"
import { snakeCase } from "../../src/contract/names.ts"
import { formFields } from "../../src/decode/form/definition.ts"

const lineOf = (hit: ReturnType<typeof formHit>): string => (typeof hit === "string" ? `! ${hit}` : hit.line)
const read = (form: "text" | "json" | "lines", body: string | Buffer, isBatch = false, maxHits = 500) => {
  const found = hitsIn(form, Buffer.from(body), { isBatch, keepsUser: true, maxHits })
  return typeof found === "string" ? found : found.map(lineOf)
}

describe("a hit", () => {
  it("stays as it was written, but for what the collector says", () => {
    expect(lineOf(formHit("v=1&dt=a%20b+c&x&y=", true))).toBe("v=1&dt=a%20b+c&x&y=")
    expect(lineOf(formHit("?v=1&_c_ip=9.9.9.9&cid=a", true))).toBe("v=1&cid=a")
    expect(lineOf(formHit("_c_ip=1&v=1", true))).toBe("v=1")
    expect(lineOf(formHit("v=1&_c_bot=", true))).toBe("v=1")
  })

  it("cannot say what the collector says, however it spells it", () => {
    const names = [
      ...Object.values(hitEnvelope),
      ...Object.keys(hitEnvelope),
      ...Object.keys(hitEnvelope).map(snakeCase),
      "_c_more",
      "_C_ip",
      "-c-ip",
      "%5fc%5Fip",
      "_%63_ip",
      "User_Agent"
    ]
    for (const name of names) {
      expect([name, lineOf(formHit(`v=1&${name}=x&cid=a`, true))]).toEqual([name, "v=1&cid=a"])
      expect([name, lineOf(jsonHit({ v: 1, [decodeURIComponent(name)]: "x", cid: "a" }, true))]).toEqual([name, "v=1&cid=a"])
    }
    // Who reads a line leaves out a question mark that it begins with.
    for (const form of ["??_c_bot=1&cid=a", "uip=1&?_c_bot=1&cid=a", "&?_c_bot=1&cid=a", "?_c_ip=1&?_c_bot=1&cid=a"]) {
      const line = lineOf(formHit(form, true))
      const found = formFields(webHits.fields)(Buffer.from(`${line}&_c_at=1`), undefined)
      expect([form, found instanceof Map && [...found.keys()].sort()]).toEqual([form, ["?_c_bot", "clientId", "receivedAt"]])
    }
    // Names of the protocol that begin alike.
    for (const name of ["_v", "_s", "_u", "_gid", "_r", "_cid", "c_id", "ip", "id", "key", "at"])
      expect([name, isOfEnvelope(name)]).toEqual([name, false])
  })

  it("has no field of its protocol that the collector would take away", () => {
    expect(Object.keys(webHits.fields).filter((key) => isOfEnvelope(key) && !Object.hasOwn(hitEnvelope, key) && key !== "userIp")).toEqual(
      []
    )
  })

  it("tells who sent it, and what it says in place of the headers", () => {
    expect(formHit("cid=%61b&uid=u+v&z=7&aip=0&ua=A%2F1&uip=8.8.8.8&messageId=m", true)).toEqual({
      line: "cid=%61b&uid=u+v&z=7&aip=0&messageId=m",
      clientId: "ab",
      userId: "u v",
      cacheBuster: "7",
      messageId: "m",
      anonymiseIp: true,
      userAgent: "A/1",
      userIp: "8.8.8.8"
    })
    expect(formHit("cid=a&uid=b&user_id=c", false)).toMatchObject({ line: "cid=a", userId: undefined })
  })

  it("costs no more than its length, whatever is in it", () => {
    const begun = process.cpuUsage()
    const long = 900_000
    expect(formHit(`v=1&${"A".repeat(long)}=x`, true)).toBe("long-name")
    expect(jsonHit({ v: 1, ["A".repeat(long)]: "x" }, true)).toBe("long-name")
    expect(lineOf(formHit(`v=1${"&".repeat(long)}x&`, true))).toBe(`v=1${"&".repeat(long)}x`)
    expect(lineOf(formHit(`v=1&dt=${"%C3%A9".repeat(long / 6)}`, true))).toHaveLength(7 + long)
    expect(formHit(`v=1&dt=${"%".repeat(long)}`, true)).toMatchObject({ clientId: undefined })
    // With the square of it, it would be minutes.
    expect(process.cpuUsage(begun).user / 1e6).toBeLessThan(20)
  })

  it("is refused where it cannot be read", () => {
    expect(formHit("_c_ip=1&ua=x", true)).toBe("empty")
    expect([formHit("", true), formHit("hello", true), formHit("=x", true), formHit("&&", true)]).toEqual([
      "empty",
      "empty",
      "empty",
      "empty"
    ])
    expect(
      [formHit("dt=%ff", true), formHit("dt=%C3%A9", true), formHit("dt=%C3", true)].map((hit) => typeof hit === "string" && hit)
    ).toEqual(["not-utf8", false, "not-utf8"])
    // Readable as it stands, as the format says.
    expect(lineOf(formHit("dt=100%&x=%zz", true))).toBe("dt=100%&x=%zz")
    expect([
      jsonHit([], true),
      jsonHit(null, true),
      jsonHit("x", true),
      jsonHit({}, true),
      jsonHit({ a: null }, true),
      jsonHit({ a: "\ud800" }, true)
    ]).toEqual(["not-an-object", "not-an-object", "not-an-object", "empty", "empty", "not-utf8"])
  })
})

describe("a body", () => {
  it("is lines of a form, whatever a beacon calls it", () => {
    expect(read("text", "v=1&cid=a")).toEqual(["v=1&cid=a"])
    expect(read("text", "\ufeffv=1\r\n\n v=2 \n")).toEqual(["v=1", "v=2"])
    expect(read("text", Buffer.from([0x61, 0x3d, 0xff, 0x0a, 0x62, 0x3d, 0x31]))).toEqual(["! not-utf8", "b=1"])
    expect(read("text", "")).toBe("empty")
    expect(read("text", "a=1\nb=2\nc=3", true, 2)).toBe("too-many")
  })

  it("is JSON with its numbers as they are written", () => {
    expect(read("json", '{"v":1,"tr":1.50,"n":12345678901234567890,"a":"ü&=","b":true,"c":null}')).toEqual([
      "v=1&tr=1.50&n=12345678901234567890&a=%C3%BC%26%3D&b=true"
    ])
    expect(read("json", '[{"a":1},{"a":"2"},3]')).toEqual(["a=1", "a=2", "! not-an-object"])
    expect(read("json", '{"a":[1,{"b":2.0}]}')).toEqual([`a=${encodeURIComponent('[1,{"b":2.0}]')}`])
    expect(read("json", '{"batch":[{"a":1},{"a":2}]}', true)).toEqual(["a=1", "a=2"])
    expect(read("json", '{"batch":[{"a":1}]}')).toEqual([`batch=${encodeURIComponent('[{"a":1}]')}`])
    expect(read("text", ' {\n"a": 1}')).toEqual(["a=1"])
    expect([
      read("json", "{"),
      read("json", ""),
      read("json", "[]"),
      read("text", "[1"),
      read("json", Buffer.from([0x22, 0xff, 0x22]))
    ]).toEqual(["not-json", "not-json", "empty", "not-json", "not-utf8"])
    expect(read("json", `${"[".repeat(100)}${"]".repeat(100)}`)).toBe("not-json")
    expect(read("json", '[{"a":1},{"a":2},{"a":3}]', false, 2)).toBe("too-many")
  })

  it("is lines of JSON", () => {
    expect(read("lines", '{"a":1}\n\n{"a":\n{"a":3}')).toEqual(["a=1", "! not-json", "a=3"])
    expect(read("text", '{"a":1}\n{"a":2}\nx')).toEqual(["a=1", "a=2", "! not-json"])
  })

  it("has a content type and an encoding that are known, or none", () => {
    const types = [
      undefined,
      "",
      "text/plain;charset=UTF-8",
      "application/x-www-form-urlencoded",
      'Application/JSON; charset="utf-8"',
      "application/vnd.x+json",
      "application/x-ndjson"
    ]
    expect(types.map(bodyForm)).toEqual(["text", "text", "text", "text", "json", "json", "lines"])
    expect(["image/png", "multipart/form-data; boundary=x", "text/plain; charset=utf-16", "constructor"].map(bodyForm)).toEqual([
      null,
      null,
      null,
      null
    ])
    expect([undefined, "identity", "GZIP", "x-gzip", "deflate", "br", "zstd", "gzip, br"].map(encodingOf)).toEqual([
      "identity",
      "identity",
      "gzip",
      "gzip",
      "deflate",
      "br",
      null,
      null
    ])
  })
})

describe("the address of a client", () => {
  it("is counted from the right, behind so many proxies", () => {
    expect(clientAddress("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", 0)).toBe("10.0.0.1")
    expect(clientAddress("10.0.0.1", "6.6.6.6, 203.0.113.7", 1)).toBe("203.0.113.7")
    expect(clientAddress("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", 2)).toBe("203.0.113.7")
    expect(clientAddress("10.0.0.1", "203.0.113.7", 5)).toBe("203.0.113.7")
    expect(clientAddress("10.0.0.1", undefined, 1)).toBe("10.0.0.1")
    expect(clientAddress("10.0.0.1", "unknown", 1)).toBe(null)
  })

  it("is cut to its network", () => {
    expect(["203.0.113.7:80", "[2001:db8::1]:443", "::ffff:1.2.3.4", "fe80::1%eth0", "x", ""].map(plainAddress)).toEqual([
      "203.0.113.7",
      "2001:db8::1",
      "1.2.3.4",
      "fe80::1",
      null,
      null
    ])
    expect(["203.0.113.7", "2001:db8:1:2::3", "::1", "2001:db8::1.2.3.4", "1:2:3:4:5:6:7:8"].map(networkOf)).toEqual([
      "203.0.113.0",
      "2001:db8:1::",
      "0:0:0::",
      "2001:db8:0::",
      "1:2:3::"
    ])
    expect(["203.0.113.7", "2001:db8:1:2::3", "2001:db8:1:2:ffff::", "::1"].map(holderOf)).toEqual([
      "203.0.113.7",
      "2001:db8:1:2::",
      "2001:db8:1:2::",
      "0:0:0:0::"
    ])
    // Longer than any there is: it costs nothing to say so.
    expect(plainAddress(`${"%".repeat(500_000)}\nx`)).toBe(null)
  })
})

describe("a rate limit", () => {
  it("lets a burst pass, and what comes behind it waits", () => {
    const limit = new RateLimit(10)
    expect(limit.wait("a", 0)).toBe(0)
    limit.use("a", 100, 0)
    // 80 beyond its 20.
    expect(limit.wait("a", 0)).toBe(9)
    expect(limit.wait("b", 0)).toBe(0)
    expect(limit.wait("a", 8_000)).toBe(1)
    expect(limit.wait("a", 8_200)).toBe(0)
    expect(new RateLimit(0).wait("a", 0)).toBe(0)
  })
})
