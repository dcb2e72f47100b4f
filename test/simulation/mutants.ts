import { announcedMutants } from "./announced/mutants.ts"
import { localMutants } from "./local-stream/mutants.ts"
import type { WorldKind } from "./worlds.ts"

/**
 * Ways to break the program, each of which loses or doubles something now and then. A simulation that does not find them proves nothing.
 */
export interface Mutant {
  readonly name: string
  /** What it stands for, for the table. */
  readonly why: string
  /** The world that finds it; default: a stream's. */
  readonly world?: WorldKind
  /** Seeds before this one are known to find nothing; default 1. */
  readonly from?: number
  readonly edits: ReadonlyArray<Edit>
}

/** One replacement in a file of the tree. `from` must stand there exactly once. */
export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "commit-without-positions",
    why: "rows become visible, how far they reach does not",
    edits: [
      {
        file: "src/lake/append.ts",
        from: "actions: [...positions.map((domainMetadata) => ({ domainMetadata })), ...files.map((add) => ({ add }))],",
        to: "actions: files.map((add) => ({ add })),"
      }
    ]
  },
  {
    name: "retry-after-412-without-looking",
    why: "a commit that lost its name is made again under the next one, though it may have been its own",
    edits: [
      {
        file: "src/table/commit.ts",
        from: 'Effect.map((found) => (found === null ? "unknown" : isOurs(found, txnId) ? "ours" : "lost")),',
        to: 'Effect.map((found) => (found === null ? "unknown" : "lost")),'
      },
      { file: "src/table/commit.ts", from: "yield* judgeAll(log, tx, winners)", to: "" }
    ]
  },
  {
    name: "conflict-ignored",
    why: "two owners of a shard both commit: nobody looks at what the other one did",
    edits: [{ file: "src/table/commit.ts", from: "yield* judgeAll(log, tx, winners)", to: "" }]
  },
  {
    name: "shard-of-nobody",
    why: "some shards are left to a worker that there is not",
    edits: [{ file: "src/source/kinesis/share.ts", from: "worker < workers; worker++", to: "worker <= workers; worker++" }]
  },
  {
    name: "fence-ignored",
    why: "a worker commits what it has read of a shard, whoever has committed it since",
    edits: [
      { file: "src/ingest/ownership.ts", from: "return movedShards(this.#known, (shard) => this.#stand(shard, view))", to: "return []" },
      { file: "src/ingest/commit.ts", from: "if (moved === undefined) return Effect.void", to: "if (moved !== null) return Effect.void" },
      {
        file: "src/table/conflict.ts",
        from: '"domainMetadata" in action && ours.domains.has(action.domainMetadata.domain)',
        to: '"domainMetadata" in action && ours.domains.size < 0'
      }
    ]
  },
  {
    name: "no-answer-taken-for-success",
    why: "a commit whose outcome is unknown is believed to stand",
    edits: [
      {
        file: "src/table/commit.ts",
        from: '() => Effect.succeed("unknown" as const)\n    ),\n    Effect.mapError',
        to: '() => Effect.succeed("created" as const)\n    ),\n    Effect.mapError'
      }
    ]
  },
  {
    name: "children-before-parents",
    why: "shards are read as soon as they are seen",
    edits: [
      {
        file: "src/source/kinesis/shard-plan.ts",
        from: "parentsOf(shard).filter((parent) => listed.has(parent) && !done(parent))",
        to: "parentsOf(shard).filter((parent) => listed.has(parent) && !done(parent) && shards.length === 0)"
      }
    ]
  },
  {
    name: "children-begin-at-latest",
    why: "the initial position is applied to shards that come from a reshard",
    edits: [
      {
        file: "src/source/kinesis/shard-plan.ts",
        from: 'start === undefined ? { type: "TRIM_HORIZON" }',
        to: 'start === undefined ? { type: parentsOf(shard).length > 0 ? "LATEST" : "TRIM_HORIZON" }'
      }
    ]
  },
  {
    name: "sub-records-dropped",
    why: "of an aggregated record only the first sub-record is read",
    edits: [{ file: "src/stream/kinesis/aggregation.ts", from: "count: starts.length,", to: "count: 1," }]
  },
  {
    name: "positions-compared-as-text",
    why: "10 is before 9",
    edits: [{ file: "src/record/position.ts", from: "a.length !== b.length ? a.length - b.length : a < b", to: "a < b" }]
  },
  {
    name: "dead-letters-after-stage",
    why: "a crash between the two commits loses the dead letters",
    edits: [
      {
        file: "src/ingest/commit.ts",
        from: "if (batch.deadLetterFiles.length > 0) {",
        to: "const letters = Effect.gen(function* () {\n      if (batch.deadLetterFiles.length === 0) return"
      },
      {
        file: "src/ingest/commit.ts",
        from: "outputs.push(output(tables.deadLetters, version, batch.deadLetterFiles, batch.deadLetters))\n    }",
        to: "outputs.push(output(tables.deadLetters, version, batch.deadLetterFiles, batch.deadLetters))\n    })"
      },
      { file: "src/ingest/commit.ts", from: "    return outputs\n", to: "    yield* letters\n    return outputs\n" }
    ]
  },
  {
    name: "dead-letters-again",
    why: "dead letters of a batch that was cut off between its two commits are written a second time",
    edits: [
      { file: "src/ingest/letters-ahead.ts", from: "if (reached.size === 0) return found", to: "if (reached.size >= 0) return found" }
    ]
  },
  {
    name: "expired-iterator-restarts-at-latest",
    why: "what came while the iterator expired is passed over",
    edits: [
      {
        file: "src/source/kinesis/shard-reader.ts",
        from: '{ type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: delivered }',
        to: '{ type: "LATEST" }'
      }
    ]
  },
  {
    name: "null-iterator-is-the-end",
    why: "an answer without an iterator ends the shard, with or without children",
    edits: [
      {
        file: "src/source/kinesis/shard-reader.ts",
        from: "if (answer.nextIterator === null && answer.childShards.length === 0) {",
        to: "if (answer.nextIterator === null && answer.childShards.length < 0) {"
      }
    ]
  },
  {
    name: "gap-not-recorded",
    why: "records that were trimmed unread are missed by nobody",
    edits: [
      {
        file: "src/source/kinesis/progress.ts",
        from: "if (readUntil === undefined || readUntil >= horizon)",
        to: "if (readUntil === undefined || readUntil >= 0)"
      }
    ]
  },
  {
    name: "late-hours-ignored",
    why: "the repartition takes the newest hour of stage only",
    edits: [
      {
        file: "src/repartition/work.ts",
        from: "return inputs ?? (yield*",
        to: "return inputs?.filter((file) => inputs.every((other) => other.path.split('/part-')[0] <= file.path.split('/part-')[0])) ?? (yield*"
      }
    ]
  },
  {
    name: "expired-shard-never-told",
    why: "a shard that went while nobody looked is waited for, and what was in it is missed by nobody",
    edits: [{ file: "src/source/kinesis/shards.ts", from: "yield* this.#bury(shards)", to: "" }]
  },
  {
    name: "retention-asked-once",
    from: 1101,
    why: "how long the stream keeps its records is believed to be what it was at the start",
    edits: [
      {
        file: "src/source/kinesis/retention.ts",
        from: "if (now - this.#askedAt < everyMillis) return false",
        to: "if (now > 0) return false"
      }
    ]
  },
  {
    name: "replay-leaves-the-last",
    why: "the dead letter at which ingest stands is not replayed",
    edits: [
      {
        file: "src/ingest/replay.ts",
        from: "comparePositions(positionOf(row), reached) > 0",
        to: "comparePositions(positionOf(row), reached) >= 0"
      }
    ]
  },
  {
    name: "replaced-files-stay",
    why: "files whose rows the repartition wrote anew are not taken out",
    edits: [
      {
        file: "src/repartition/carry-out.ts",
        from: "const gone = [...work.cleared, ...result.replaced]",
        to: "const gone = [...work.cleared]"
      }
    ]
  },
  {
    name: "letters-ahead-not-counted",
    why: "records that are dead letters already are left out of the counts of their batch",
    edits: [{ file: "src/ingest/letters-ahead.ts", from: "    counts.records++\n", to: "" }]
  },
  {
    name: "not-repartitioned-at-the-end",
    why: "a run that reads to the end of its sources leaves what it read in stage",
    edits: [{ file: "src/app/pipeline.ts", from: "yield* repartitionAll(options, done, lost)", to: "yield* repartitionAll(options, [])" }]
  },
  {
    name: "one-dataset-starves-another",
    why: "datasets are followed one after the other, of which the first never ends",
    edits: [
      {
        file: "src/app/pipeline.ts",
        from: 'concurrency: atOnce ? "unbounded" : 1',
        to: "concurrency: 1"
      }
    ]
  },
  {
    name: "budget-not-shared",
    why: "each dataset takes all the memory of the process",
    edits: [{ file: "src/app/pipeline.ts", from: "atOnce ? datasets.length : 1", to: "1" }]
  },
  {
    name: "run-recorded-twice",
    why: "runs whose writing takes long are written again, though nobody knows that they were not",
    edits: [
      {
        file: "src/lake/record-runs.ts",
        from: "Effect.exit(Effect.timeout(write(rows), writeMillis))",
        to: "Effect.exit(Effect.retry(Effect.timeout(write(rows), 1000), { times: 1 }))"
      }
    ]
  },
  {
    name: "run-ends-twice",
    why: "a run that is committed is told as given up, too",
    edits: [
      { file: "src/lake/run.ts", from: "if (!this.#isOpen) return Effect.void\n      this.#isOpen = false", to: "this.#isOpen = false" }
    ]
  },
  {
    name: "key-forgets-its-second-column",
    why: "what two carriers say of parcels of one number is taken for one parcel",
    edits: [
      {
        file: "src/contract/identity.ts",
        from: "const key = table.key.map(snakeCase)",
        to: "const key = table.key.slice(0, 1).map(snakeCase)"
      }
    ]
  },
  {
    name: "version-is-the-event-time",
    why: "revisions of one time are taken for copies, and copies of other times for revisions",
    edits: [{ file: "src/contract/identity.ts", from: "columnsOf(table.version) : []", to: "columnsOf(times[0] ?? table.version) : []" }]
  },
  {
    name: "versions-never-move",
    from: 71,
    why: "a copy that lies under another day is not looked for",
    edits: [{ file: "src/contract/identity.ts", from: "decidesPartition: isTold }", to: "decidesPartition: true }" }]
  },
  {
    name: "deleted-comes-back",
    why: "keys that were deleted are not remembered: an older row brings one back",
    edits: [{ file: "src/repartition/work.ts", from: "          tombstones,\n", to: "          tombstones: [],\n" }]
  },
  {
    name: "newest-is-the-last-to-arrive",
    why: "of the rows of a key the last to arrive is taken for the newest",
    edits: [{ file: "src/contract/identity.ts", from: "[table.order ?? []].flat().map(columnsOf) : []", to: "[] : []" }]
  },
  {
    name: "bucket-left-out",
    why: "of the buckets that new rows fall into, one is not compared with",
    edits: [
      {
        file: "src/repartition/work.ts",
        from: "existing.filter((file) => !isCleared(file))",
        to: 'existing.filter((file) => !isCleared(file) && file.partition !== "1")'
      }
    ]
  },
  {
    name: "long-keys-are-doubles",
    why: "numbers that doubles cannot tell apart become one key",
    edits: [
      {
        file: "src/contract/convert.ts",
        from: "value < minLong || value > maxLong ? unfit : value",
        to: "value < minLong || value > maxLong ? unfit : BigInt(Number(value))"
      }
    ]
  },
  {
    name: "retired-file-forgotten",
    world: "files",
    why: "an object that is written anew leaves out one of the files that it had",
    edits: [{ file: "src/lake/retire.ts", from: "const all = new Map(before)", to: "const all = new Map([...before].slice(1))" }]
  },
  {
    name: "retired-position-comes-back",
    world: "files",
    why: "a file that has come back retires to where it stood when it retired first",
    edits: [
      {
        file: "src/lake/retire.ts",
        from: "for (const { shard, position } of added) all.set(",
        to: "for (const { shard, position } of added) if (!all.has(shard)) all.set("
      }
    ]
  },
  {
    name: "retiring-is-no-move",
    world: "files",
    why: "a file that another process has read and retired is committed a second time",
    edits: [
      {
        file: "src/table/conflict.ts",
        from: '"domainMetadata" in action && ours.domains.has(',
        to: '"domainMetadata" in action && !action.domainMetadata.removed && ours.domains.has('
      }
    ]
  },
  {
    name: "counted-twice-when-back",
    world: "files",
    why: "what an object counts of a file that has come back is counted again",
    edits: [
      {
        file: "src/lake/position-reader.ts",
        from: "position: { ...position, retired: countsOf(position) }",
        to: "position"
      }
    ]
  },
  {
    name: "records-end-in-quotes",
    world: "files",
    why: "a newline ends a record of CSV, though it stands in quotes",
    edits: [{ file: "src/source/framing.ts", from: "new CsvEnds(framing.quoting, maxRecordBytes)", to: "new LineEnds()" }]
  },
  {
    name: "header-where-reading-goes-on",
    world: "files",
    why: "who goes on within a file of CSV takes the record there for the names of the fields",
    edits: [
      {
        file: "src/source/read-file.ts",
        from: "else if (from.offset === 0)\n",
        to: "else if (from.offset >= 0)\n"
      }
    ]
  },
  {
    name: "header-alone-is-a-record",
    world: "files",
    why: "the record at which reading goes on is looked for in a content that has given none yet",
    edits: [{ file: "src/source/resume-point.ts", from: "if (sequenceNumber < begin) return", to: "if (sequenceNumber < 0) return" }]
  },
  {
    name: "vacuum-takes-objects",
    world: "files",
    why: "objects that a snapshot names are deleted when they are old",
    edits: [
      {
        file: "src/table/maintenance.ts",
        from: "if (its !== undefined) return !its.needed.has(path)",
        to: "if (its !== undefined) return true"
      }
    ]
  },
  {
    name: "function-answers-for-what-failed",
    world: "esm",
    why: "an event is answered for, whatever became of it",
    edits: [
      {
        file: "src/app/consume-stream.ts",
        from: "if (result !== null && result.failure === null) return { batchItemFailures: [] }",
        to: "return { batchItemFailures: [] }"
      }
    ]
  },
  {
    name: "function-answers-with-nothing",
    world: "esm",
    why: "a function that fails gives null for an answer, which means success",
    edits: [
      {
        file: "src/app/consume-stream.ts",
        from: "if (left === null || !isPartial || Cause.hasDies(cause)) return yield* Effect.failCause(cause)",
        to: "if (left === null || !isPartial) return null as never"
      }
    ]
  },
  {
    name: "function-names-the-last",
    world: "esm",
    why: "of the records that are not kept the last is named, and those before it are taken for kept",
    edits: [
      {
        file: "src/source/kinesis/event-source.ts",
        from: "left ??= first.sequenceNumbers[0] ?? null",
        to: "left = last.sequenceNumbers.at(-1) ?? null"
      }
    ]
  },
  {
    name: "function-ignores-positions",
    world: "esm",
    why: "what comes again is taken again",
    edits: [
      {
        file: "src/source/kinesis/event-source.ts",
        from: "{ ...whole, shard, after: reached }",
        to: "{ ...whole, shard, after: undefined }"
      },
      { file: "src/ingest/batch.ts", from: "const page = recordsAfter(given, after)", to: "const page = given" }
    ]
  },
  {
    name: "function-believes-what-it-knew",
    world: "esm",
    why: "tables that are kept open are never looked at again",
    edits: [{ file: "src/ingest/open-tables.ts", from: "const now = yield* withSnapshots(kept, 2)", to: "const now = kept" }]
  },
  {
    name: "function-takes-a-conflict-for-done",
    world: "esm",
    why: "who meets another one at a shard leaves its own records to it",
    edits: [
      {
        file: "src/ingest/ingest.ts",
        from: 'if (ended._tag === "conflict") {',
        to: 'if (ended._tag === "conflict" && options.tables !== undefined) return { ...total, stopped: "end", failure: null }\n      if (ended._tag === "conflict") {'
      }
    ]
  },
  {
    name: "function-commits-twice",
    world: "esm",
    why: "two functions that have the same event both commit: nobody looks at what the other one did",
    edits: [{ file: "src/table/commit.ts", from: "yield* judgeAll(log, tx, winners)", to: "" }]
  },
  {
    name: "function-takes-no-answer-for-success",
    world: "esm",
    why: "a commit whose outcome is unknown is believed to stand",
    edits: [
      {
        file: "src/table/commit.ts",
        from: '() => Effect.succeed("unknown" as const)\n    ),\n    Effect.mapError',
        to: '() => Effect.succeed("created" as const)\n    ),\n    Effect.mapError'
      }
    ]
  },
  {
    name: "function-reads-one-of-an-aggregate",
    world: "esm",
    why: "of an aggregated record only the first sub-record is read",
    edits: [{ file: "src/stream/kinesis/aggregation.ts", from: "count: starts.length,", to: "count: 1," }]
  },
  ...announcedMutants,
  ...localMutants
]
