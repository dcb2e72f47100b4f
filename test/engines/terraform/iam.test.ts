import { describe, expect, it } from "vitest"
import { type Asked, fits, isAllowed, isKeyAllowed, readPolicy, verdictOf } from "./iam.ts"

const role = { type: "AWS", id: "arn:aws:iam::123456789012:role/worker" } as const
const policy = (...statements: ReadonlyArray<object>) => readPolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }))
const ask = (action: string, resource: string, context: Asked["context"] = {}, principal: Asked["principal"] = role): Asked => ({
  principal,
  action,
  resource,
  context
})
const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/stage/*" }

describe("statements", () => {
  it("allow what they name, and nothing else", () => {
    expect(verdictOf(policy(allow), ask("s3:GetObject", "arn:aws:s3:::lake/stage/a/b"))).toBe("allow")
    expect(verdictOf(policy(allow), ask("s3:getobject", "arn:aws:s3:::lake/stage/a"))).toBe("allow")
    expect(verdictOf(policy(allow), ask("s3:GetObject", "arn:aws:s3:::lake/other/a"))).toBe("nothing")
    expect(verdictOf(policy(allow), ask("s3:GetObjectVersion", "arn:aws:s3:::lake/stage/a"))).toBe("nothing")
    expect(verdictOf(policy({ ...allow, Action: ["s3:Get*"] }), ask("s3:GetObjectVersion", "arn:aws:s3:::lake/stage/a"))).toBe("allow")
  })

  it("that deny win", () => {
    const both = policy(allow, { Effect: "Deny", Action: "*", Resource: "*" })
    expect(verdictOf(both, ask("s3:GetObject", "arn:aws:s3:::lake/stage/a"))).toBe("deny")
    expect(
      isAllowed(
        policy(allow),
        policy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "*" }),
        ask("s3:GetObject", "arn:aws:s3:::lake/stage/a")
      )
    ).toBe(false)
  })

  it("may name what they leave out", () => {
    const but = policy({ Effect: "Allow", NotAction: "s3:DeleteObject", NotResource: "arn:aws:s3:::lake/dead_letters/*" })
    expect(verdictOf(but, ask("s3:GetObject", "arn:aws:s3:::lake/stage/a"))).toBe("allow")
    expect(verdictOf(but, ask("s3:DeleteObject", "arn:aws:s3:::lake/stage/a"))).toBe("nothing")
    expect(verdictOf(but, ask("s3:GetObject", "arn:aws:s3:::lake/dead_letters/a"))).toBe("nothing")
  })

  it("name who they are for", () => {
    const service = { type: "Service", id: "s3.amazonaws.com" } as const
    const topic = policy({ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sns:Publish", Resource: "t" })
    expect(isAllowed([], topic, ask("sns:Publish", "t", {}, service))).toBe(true)
    expect(isAllowed([], topic, ask("sns:Publish", "t", {}, { ...service, id: "events.amazonaws.com" }))).toBe(false)
    expect(isAllowed([], topic, ask("sns:Publish", "t"))).toBe(false)
    const account = policy({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "sns:Publish", Resource: "t" })
    expect(isAllowed([], account, ask("sns:Publish", "t"))).toBe(true)
    expect(isAllowed([], account, ask("sns:Publish", "t", {}, { type: "AWS", id: "arn:aws:iam::999999999999:role/worker" }))).toBe(false)
  })
})

describe("conditions", () => {
  const when = (operator: string, key: string, values: string | ReadonlyArray<string>, context: Asked["context"]) =>
    verdictOf(
      policy({ ...allow, Condition: { [operator]: { [key]: values } } }),
      ask("s3:GetObject", "arn:aws:s3:::lake/stage/a", context)
    ) === "allow"

  it("hold for one of their values, and for none where the call does not say it", () => {
    expect(when("StringEquals", "aws:SourceAccount", ["1", "2"], { "aws:SourceAccount": "2" })).toBe(true)
    expect(when("StringEquals", "aws:sourceaccount", "1", { "aws:SourceAccount": "2" })).toBe(false)
    expect(when("StringEquals", "aws:SourceAccount", "1", {})).toBe(false)
    expect(when("StringEqualsIfExists", "aws:SourceAccount", "1", {})).toBe(true)
    expect(when("StringNotEquals", "aws:SourceAccount", "1", {})).toBe(true)
    expect(when("StringNotEquals", "aws:SourceAccount", ["1", "2"], { "aws:SourceAccount": "2" })).toBe(false)
    expect(when("StringLike", "s3:prefix", ["", "lake/*"], { "s3:prefix": "lake/stage/" })).toBe(true)
    expect(when("StringLike", "s3:prefix", "lake/*", { "s3:prefix": "other/" })).toBe(false)
  })

  it("compare ARNs part by part", () => {
    const arn = { "aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:topic" }
    expect(when("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:top*", arn)).toBe(true)
    expect(when("ArnEquals", "aws:SourceArn", "arn:aws:sns:us-east-1:123456789012:other", arn)).toBe(false)
    expect(when("ArnLike", "aws:SourceArn", "arn:*:123456789012:topic:a:b", arn)).toBe(false)
  })

  it("ask whether something is said, and compare truths and numbers", () => {
    expect(when("Null", "s3:if-none-match", "true", {})).toBe(true)
    expect(when("Null", "s3:if-none-match", "true", { "s3:if-none-match": "*" })).toBe(false)
    expect(when("Bool", "aws:SecureTransport", "false", { "aws:SecureTransport": "true" })).toBe(false)
    expect(when("NumericLessThan", "s3:TlsVersion", "1.2", { "s3:TlsVersion": "1.1" })).toBe(true)
    expect(when("NumericLessThan", "s3:TlsVersion", "1.2", { "s3:TlsVersion": "1.3" })).toBe(false)
    expect(when("NumericLessThan", "s3:TlsVersion", "1.2", {})).toBe(false)
  })

  it("take variables from the call", () => {
    const variable = ["$", "{aws:PrincipalAccount}"].join("")
    expect(when("StringEquals", "aws:SourceAccount", variable, { "aws:SourceAccount": "1", "aws:PrincipalAccount": "1" })).toBe(true)
    expect(when("StringEquals", "aws:SourceAccount", variable, { "aws:SourceAccount": "1" })).toBe(false)
  })

  it("that are not known are no guess", () => {
    expect(() => when("IpAddress", "aws:SourceIp", "10.0.0.0/8", { "aws:SourceIp": "10.0.0.1" })).toThrow("IpAddress")
    expect(() => policy({ ...allow, Effect: "allow" })).toThrow("effect allow")
    expect(() => policy({ ...allow, Ressource: "x" })).toThrow("Ressource")
  })
})

it("a key is for roles that its own document lets use it, or leaves to theirs", () => {
  const decrypt = ask("kms:Decrypt", "key", { "kms:ViaService": "s3.us-east-1.amazonaws.com" })
  const toAccount = policy({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "kms:*", Resource: "*" })
  const own = policy({ Effect: "Allow", Action: "kms:Decrypt", Resource: "key" })
  expect(isKeyAllowed(own, toAccount, decrypt)).toBe(true)
  expect(isKeyAllowed([], toAccount, decrypt)).toBe(false)
  expect(isKeyAllowed(own, [], decrypt)).toBe(false)
  const named = policy({ Effect: "Allow", Principal: { AWS: role.id }, Action: "kms:Decrypt", Resource: "*" })
  expect(isKeyAllowed([], named, decrypt)).toBe(true)
  const service = policy({ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "kms:Decrypt", Resource: "*" })
  expect(isKeyAllowed([], service, { ...decrypt, principal: { type: "Service", id: "sns.amazonaws.com" } })).toBe(true)
})

it("patterns have two wildcards, and all else stands for itself", () => {
  expect(fits("arn:aws:s3:::a.b/*", "arn:aws:s3:::a.b/c/d")).toBe(true)
  expect(fits("arn:aws:s3:::a.b/*", "arn:aws:s3:::axb/c")).toBe(false)
  expect(fits("a?c", "abc")).toBe(true)
  expect(fits("a?c", "ac")).toBe(false)
})
