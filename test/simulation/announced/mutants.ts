import type { Mutant } from "../mutants.ts"

/** Ways to break what reads announced objects. */
export const announcedMutants: ReadonlyArray<Mutant> = [
  {
    name: "removed-when-read",
    world: "announced",
    why: "a message is removed when what it announces is read, before it is committed",
    edits: [
      {
        file: "src/source/announced/ledger.ts",
        from: "if (!this.isRead || this.last === null) return this.isRead",
        to: "if (this.isRead || this.last === null) return this.isRead"
      }
    ]
  },
  {
    name: "removed-when-one-has-it",
    world: "announced",
    why: "a message of several objects, or of one of two datasets, is removed when the first is committed",
    edits: [
      {
        file: "src/source/announced/ledger.ts",
        from: "if (message.items.size > 0 || message.isDone) return",
        to: "if (message.isDone) return"
      }
    ]
  },
  {
    name: "messages-not-given-again",
    world: "announced",
    why: "what a session had read when another process came first is not read by the next session",
    edits: [{ file: "src/source/announced/ledger.ts", from: "this.#waiting = [...this.#items.values()]", to: "this.#waiting = []" }]
  },
  {
    name: "not-hidden-again",
    world: "announced",
    why: "messages are visible to others while a long batch is still open",
    edits: [
      {
        file: "src/source/announced/consumer.ts",
        from: "const failed = yield* work.queue.hide(receiptsOf(held), hiddenSeconds)",
        to: "const failed: ReadonlyArray<string> = []"
      }
    ]
  },
  {
    name: "versions-ignored",
    world: "announced",
    why: "what lies under a key now is read, not the version that was announced",
    edits: [
      {
        file: "src/source/announced/object-bytes.ts",
        from: "let named: NamedObject = object\n",
        to: "let named: NamedObject = { ...object, versionId: null }\n"
      }
    ]
  },
  {
    name: "any-content-will-do",
    world: "announced",
    why: "of a bucket without versions whatever lies under a key now is read",
    edits: [
      {
        file: "src/source/announced/object-bytes.ts",
        from: "let named: NamedObject = object\n",
        to: "let named: NamedObject = { ...object, etag: null }\n"
      },
      {
        file: "src/source/announced/object-bytes.ts",
        from: "named = { ...object, etag: object.etag ?? found.etag }",
        to: "named = { ...object, etag: null }"
      }
    ]
  },
  {
    name: "keys-not-decoded",
    world: "announced",
    why: "keys are taken as notifications encode them",
    edits: [
      {
        file: "src/source/announced/envelope.ts",
        from: 'typeof key === "string" ? decodeForm(key) : null',
        to: 'typeof key === "string" ? key : null'
      }
    ]
  },
  {
    name: "shard-without-version",
    world: "announced",
    why: "what took the place of an object that was read is taken for read",
    edits: [
      {
        file: "src/source/announced/wanted.ts",
        from: "return versionId === null ? `",
        to: 'return versionId === null || key !== "" ? place : versionId === null ? `'
      }
    ]
  },
  {
    name: "gone-without-a-letter",
    world: "announced",
    why: "objects that are not there any more are missed by nobody",
    edits: [
      {
        file: "src/source/announced/read-objects.ts",
        from: "item.claim = claimPage(item.wanted, known, lossBy(cause))\n    yield item.claim\n",
        to: "inbox.read(item)\n"
      }
    ]
  },
  {
    name: "lost-without-a-claim",
    world: "announced",
    why: "an object is a dead letter at once, though another process may be about to commit its rows",
    edits: [
      {
        file: "src/source/announced/read-objects.ts",
        from: "item.claim = claimPage(item.wanted, known, lossBy(cause))\n    yield item.claim\n",
        to: "const page = lossPage(item.wanted, await reading.find(item.wanted.shard), lossBy(cause))\n      item.last = positionAt(page, 0)\n      yield page\n      inbox.read(item)\n"
      }
    ]
  },
  {
    name: "second-announcement-read-again",
    world: "announced",
    why: "what the log has of an object is not looked for",
    edits: [
      {
        file: "src/source/announced/read-objects.ts",
        from: "const found = await reading.find(wanted.shard)\n",
        to: "const found: Committed = { position: undefined }\n"
      }
    ]
  },
  {
    name: "arrived-when-announced",
    world: "announced",
    why: "records arrive when their message was sent, not when their object was written",
    edits: [
      {
        file: "src/source/announced/wanted.ts",
        from: "wantedObject(object)])",
        to: "wantedObject({ ...object, eventTime: message.sentAt })])"
      }
    ]
  },
  {
    name: "poison-forgotten",
    world: "announced",
    why: "messages that cannot be read are removed, and nobody knows that they came",
    edits: [
      { file: "src/source/announced/wanted.ts", from: "if (problem !== undefined) wanted.push(", to: 'if (problem === "") wanted.push(' }
    ]
  },
  {
    name: "void-reading-remembered",
    world: "announced",
    why: "what was read of a batch that is void counts as read in the session behind it",
    edits: [{ file: "src/source/announced/ledger.ts", from: "for (const item of this.#waiting) item.forget()", to: "" }]
  },
  {
    name: "plain-keys-decoded",
    world: "announced",
    why: "keys of EventBridge, which are not encoded, are decoded",
    edits: [
      {
        file: "src/source/announced/envelope.ts",
        from: 'return announced(membersOf(bucket)["name"], key, time,',
        to: 'return announced(membersOf(bucket)["name"], typeof key === "string" ? (decodeForm(key) ?? key) : key, time,'
      }
    ]
  }
]
