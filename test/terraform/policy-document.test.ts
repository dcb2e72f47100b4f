import { describe, expect, it } from "vitest"
import { policyDocument } from "./policy-document.ts"
import type { Fields } from "./wire/msgpack.ts"

const jsonOf = (config: Fields): unknown => JSON.parse(String(policyDocument(config)["json"]))

describe("a policy document", () => {
  it("has texts for lists of one, and lists for more", () => {
    const statement = { sid: "Read", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"] }
    expect(jsonOf({ statement: [statement] })).toEqual({
      Version: "2012-10-17",
      Statement: [{ Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: ["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"] }]
    })
  })

  it("has principals by type, and conditions by test and variable", () => {
    const statement = {
      effect: "Deny",
      actions: ["sns:Publish"],
      principals: [
        { type: "Service", identifiers: ["s3.amazonaws.com"] },
        { type: "AWS", identifiers: ["1", "2"] }
      ],
      condition: [
        { test: "ArnLike", variable: "aws:SourceArn", values: ["arn:aws:s3:::a"] },
        { test: "ArnLike", variable: "aws:PrincipalArn", values: ["x", "y"] },
        { test: "Null", variable: "s3:if-none-match", values: ["true"] }
      ]
    }
    expect(jsonOf({ statement: [statement] })).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Action: "sns:Publish",
          Principal: { Service: "s3.amazonaws.com", AWS: ["2", "1"] },
          Condition: {
            ArnLike: { "aws:SourceArn": "arn:aws:s3:::a", "aws:PrincipalArn": ["x", "y"] },
            Null: { "s3:if-none-match": "true" }
          }
        }
      ]
    })
  })

  it("says everybody as a star", () => {
    const statement = { not_actions: ["s3:*"], not_resources: ["r"], principals: [{ type: "*", identifiers: ["*"] }] }
    expect(jsonOf({ statement: [statement] })).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", NotAction: "s3:*", NotResource: "r", Principal: "*" }]
    })
  })

  it("adds to its sources, and is overridden by sid", () => {
    const source = String(policyDocument({ statement: [{ sid: "A", actions: ["a:A"] }, { actions: ["n:N"] }] })["json"])
    const override = String(
      policyDocument({
        version: "2008-10-17",
        statement: [
          { sid: "A", effect: "Deny", actions: ["o:O"] },
          { sid: "C", actions: ["c:C"] }
        ]
      })["json"]
    )
    const document = {
      policy_id: "all",
      source_policy_documents: [source],
      override_policy_documents: [override],
      statement: [{ sid: "B", actions: ["b:B"] }]
    }
    expect(jsonOf(document)).toEqual({
      Version: "2008-10-17",
      Id: "all",
      Statement: [
        { Sid: "A", Effect: "Deny", Action: "o:O" },
        { Effect: "Allow", Action: "n:N" },
        { Sid: "B", Effect: "Allow", Action: "b:B" },
        { Sid: "C", Effect: "Allow", Action: "c:C" }
      ]
    })
  })

  it("refuses a sid twice in one document, and text that is no JSON", () => {
    expect(() => policyDocument({ statement: [{ sid: "A" }, { sid: "A" }] })).toThrow("the sid A")
    expect(() => policyDocument({ source_policy_documents: ["{"] })).toThrow()
  })
})
