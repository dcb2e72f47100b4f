// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are of Terraform, and so are the dollars.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, it } from "vitest"
import { checkNames } from "./check.ts"
import { parseHcl } from "./hcl.ts"

const fixture = join(dirname(dirname(fileURLToPath(import.meta.url))), "fixture")
const folders: Array<string> = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** What is wrong with the fixture when a text in one of its files is another. */
const problemsOf = (before: string, after: string): ReadonlyArray<string> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-names-"))
  folders.push(folder)
  cpSync(fixture, folder, { recursive: true })
  let count = 0
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) continue
    const text = readFileSync(path, "utf8")
    if (!text.includes(before)) continue
    count++
    writeFileSync(
      path,
      text.replace(before, () => after)
    )
  }
  expect(count, before).toBe(1)
  return checkNames(folder)
}

describe("names of a configuration", () => {
  it("are all known in what is right", () => {
    expect(checkNames(fixture)).toEqual([])
  })

  it.each([
    ["retention_period ", "retention_perid ", "aws_kinesis_stream.this has no argument retention_perid"],
    ['resource "aws_vpc"', 'resource "aws_vcp"', "there is no resource aws_vcp"],
    ["  versioning_configuration {", "  versioning {", "has no block versioning"],
    ["        name = columns.key\n", "", "storage_descriptor.columns lacks the argument name"],
    ["        type = columns.value", "        kind = columns.value", "storage_descriptor.columns has no argument kind"],
    ['  destination = "extended_s3"\n', "", "lacks the argument destination"],
    ["aws_sns_topic_policy.this.arn", "aws_sns_topic_policy.this.arnn", "there is no attribute arnn"],
    ["aws_sns_topic_policy.this.arn", "aws_sns_topic_policy.that.arn", "aws_sns_topic_policy.that.arn: is not declared"],
    ["= var.buffer_size", "= var.size", "var.size: is not declared"],
    ["= var.buffer_size", "= local.size", "local.size: is not declared"],
    ['module.queue["raw"].url', 'module.queue["raw"].uri', "module.queue has no output uri"],
    ['module.queue["raw"].url', "module.queues.url", "module.queues.url: is not declared"],
    ["  topic    = aws_sns_topic.this.arn\n", "", "module.queue is not given topic"],
    ["  topic    =", "  topics   =", "module.queue has no variable topics"],
    ['source   = "./queue"', 'source   = "./queues"', "has no source that is here"],
    ["data.aws_iam_policy_document.bucket.json", "data.aws_iam_policy_document.buckets.json", "is not declared"],
    ["data.aws_iam_policy_document.bucket.json", "data.aws_iam_policy_document.bucket.jsn", "there is no attribute jsn"],
    ["${aws_s3_bucket.this.arn}/*", "${aws_s3_bucket.this.arm}/*", "there is no attribute arm"],
    ["    tags = { project", "    tag = { project", "provider.aws.default_tags has no argument tag"],
    ['resource "aws_sqs_queue" "dead" {', 'resource "aws_sqs_queue" "this" {', "resource.aws_sqs_queue.this is declared twice"],
    ['description = "Name of the queue."', 'description = "Name of the queue.', "does not end"]
  ])("%j as %j is found", (before, after, problem) => {
    expect(problemsOf(before, after).join("\n")).toContain(problem)
  })
})

describe("Terraform's language", () => {
  const only = (source: string) =>
    parseHcl(source).arguments.map(({ name, text, references }) => [name, text, references.map(({ parts }) => parts.join("."))])

  it("has arguments over lines while a bracket is open, and comments of three kinds", () => {
    expect(only('a = [ # one\n  var.x, // two\n  /* three\n */ local.y\n]\nb = "text"\n')).toEqual([
      ["a", null, ["var.x", "local.y"]],
      ["b", "text", []]
    ])
  })

  it("has references in texts, in texts of those, and in heredocs; doubled dollars are none", () => {
    expect(only('a = "${var.x}-$${var.no}-${lookup(local.m, "k-${var.y}")}"')).toEqual([["a", null, ["var.x", "local.m", "var.y"]]])
    expect(only("a = <<-END\n  x ${var.x} y\n  END\nb = 1\n")).toEqual([
      ["a", null, ["var.x"]],
      ["b", null, []]
    ])
  })

  it("has references with indices, splats and what is in brackets", () => {
    expect(only("a = aws_x.y[var.i].z.w\nb = module.m[*].out\nc = { for k, v in var.m : k => v.arn if v.on }")).toEqual([
      ["a", null, ["aws_x.y.z.w", "var.i"]],
      ["b", null, ["module.m.out"]],
      ["c", null, ["var.m", "v.arn", "v.on"]]
    ])
  })

  it("has blocks with labels, in one line too", () => {
    const [block] = parseHcl('resource "t" "n" {\n  inner { a = 1 }\n}\n').blocks
    expect([block?.type, block?.labels, block?.body.blocks[0]?.type, block?.body.blocks[0]?.body.arguments[0]?.name]).toEqual([
      "resource",
      ["t", "n"],
      "inner",
      "a"
    ])
  })

  it("says where it ends too early", () => {
    expect(() => parseHcl("a {\n b = 1\n")).toThrow("line 3")
    expect(() => parseHcl("a = \n")).toThrow("a value")
    expect(() => parseHcl("}")).toThrow("line 1")
  })
})
