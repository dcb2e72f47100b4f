import { assert, describe, it } from "@effect/vitest"
import { Random } from "../../../src/record/seeded.ts"
import { announcementsIn } from "../../../src/source/announced/envelope.ts"
import { InputBucket } from "../input-bucket.ts"
import { announce, announceRemoval, announceSpoiled, poison, testEvent } from "./messages.ts"

const keys = ["a/plain", "a/with blanks+plus", "a/50% %2F größe", "a/b=c&d?e#f"]

describe("simulated announcements", () => {
  it("are read as what they say, in whatever they come", () => {
    const random = new Random(1)
    const bodies = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const bucket = new InputBucket({ name: "in", isVersioned: random.chance(0.5), mayList: true, now: () => 1_700_000_000_123 })
      const versions = Array.from({ length: random.between(1, 3) }, () => bucket.put(keys[random.below(4)] ?? "", Buffer.from("content")))
      const messages = announce(random, "in", versions)
      for (const message of messages) bodies.add(message.slice(0, 20))
      assert.deepStrictEqual(
        messages.flatMap(announcementsIn).map((each) => each.kind === "object" && { ...each.object, size: null, notification: "" }),
        versions.map(({ key, versionId, etag, sequencer, writtenAt }) => ({
          bucket: "in",
          key,
          versionId,
          etag,
          sequencer,
          size: null,
          notification: "",
          eventTime: writtenAt
        }))
      )
    }
    assert.isAbove(bodies.size, 2)
  })

  it("say that nothing is to be read, or nothing at all", () => {
    const random = new Random(2)
    const bucket = new InputBucket({ name: "in", isVersioned: false, mayList: true, now: () => 0 })
    const version = bucket.put("a b", Buffer.from(""))
    for (let i = 0; i < 30; i++) {
      assert.deepInclude(announcementsIn(announceRemoval(random, "in", version)), {
        kind: "ignored",
        why: "deleted",
        event: "ObjectRemoved:Delete"
      })
      assert.deepInclude(announcementsIn(testEvent(random, "in")), { kind: "ignored", why: "test", event: "s3:TestEvent" })
      const body = poison(random, `mark-${i}`)
      assert.include(body, `mark-${i}`)
      assert.deepStrictEqual(
        announcementsIn(body).map(({ kind }) => kind),
        ["unreadable"]
      )
      const spoiled = announcementsIn(announceSpoiled(random, "in", [version, version], `mark-${i}`))
      assert.deepStrictEqual(spoiled.map(({ kind }) => kind).toSorted(), ["object", "object", "unreadable"])
    }
  })
})
