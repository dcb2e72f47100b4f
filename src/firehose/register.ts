import { Clock, Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { appendRetiring, appendTransaction, stagePositions } from "../lake/append.ts"
import { deliveryStreamOf, firehoseSource } from "../lake/firehose.ts"
import { type Hashing, haveSameHashKeys } from "../lake/hash-key.ts"
import { PositionReader } from "../lake/position-reader.ts"
import { positionsOf } from "../lake/positions.ts"
import { chooseRetiring, defaultRetirement, type RetirementLimits, retire } from "../lake/retire.ts"
import { retiredPages } from "../lake/retired.ts"
import { bytesOf } from "../lake/rows.ts"
import { Run } from "../lake/run.ts"
import { identityOf, type Opened, openStage } from "../lake/tables.ts"
import { coordinatesOf, type ShardPosition } from "../record/position.ts"
import { type BatchReport, emptyCounts, type OnRunEvent } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { DomainMetadata } from "../table/actions.ts"
import { conflictError } from "../table/commit.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { isNoFile, type StageFile, StageFiles } from "./stage-file.ts"

export interface RegisterOptions {
  readonly contract: CompiledContract
  /** With which key values of the rows were hashed. */
  readonly hashing: Hashing
  readonly retirement?: RetirementLimits
}

/** What became of objects that Firehose was said to have written. */
export interface Registered {
  /** Paths below the stage of those that were committed now. */
  readonly added: ReadonlyArray<string>
  readonly rows: number
  /** How many were registered before, here or elsewhere. */
  readonly known: number
  /** How many there is nothing to register of: files that Firehose did not write, empty ones. */
  readonly nothing: number
  /** Objects that are none of the table's: nothing of them was committed. */
  readonly refused: ReadonlyArray<Refused>
}

export interface Refused {
  readonly path: string
  /** What is wrong with it and what to do, as sentences. */
  readonly problem: string
}

/** Commits of others that may come between. Each costs a look at the log. */
const mostRaces = 50
/** Objects of a commit. What is committed stays, so that an event of very many is done by and by, however little time a function has. */
const mostAtOnce = 1_000
/** Footers that are read at a time. */
const looksAtATime = 16

/** What registers objects in the stage of a dataset. One for all events of a process. */
export interface Registrar {
  /**
   * Adds the objects at these paths, below the stage, to its log by one commit: each exactly once, however often it is told of and by how many processes. What
   * an object holds is read from its footer alone. All that can be is committed, whatever is refused.
   *
   * @param onEvent told after the commit that it speaks of. Must not fail or block
   */
  readonly register: (paths: Iterable<string>, onEvent: OnRunEvent) => Effect.Effect<Registered, TableError | StoreError, Store>
}

/**
 * Opens the stage of a contract, making it where there is none.
 *
 * An object is a shard of the source `firehose`, whose position says that it was registered, and how many rows it has. It stands in the commit that adds the
 * file, so that two who register it conflict; and it retires as those of other files do, so that it is known for ever, whatever compaction made of the file, and the
 * log does not grow with their number.
 */
export const openRegistrar = (options: RegisterOptions): Effect.Effect<Registrar, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { contract, hashing } = options
    const stage = yield* openStage(contract, { hashing })
    const { metaData } = yield* stage.table.snapshot
    const files = new StageFiles(contract, stage.table.path)
    const reader = new PositionReader(stage.table, yield* Store)

    /** Those that nobody has registered, as of a snapshot. */
    const freshOf = (snapshot: Snapshot, paths: ReadonlyArray<string>) =>
      Effect.filter(paths, (path) =>
        snapshot.files.has(path)
          ? Effect.succeed(false)
          : Effect.map(reader.find(snapshot.domains, firehoseSource, path), (found) => found === null)
      )
    const snapshotNow = Effect.tap(stage.table.snapshot, (snapshot) =>
      haveSameHashKeys(snapshot.metaData, metaData)
        ? Effect.void
        : conflictError(stage.table.path, snapshot.version, "metaData", "another process changed the hash key of the table")
    )

    const registerSome = (paths: ReadonlyArray<string>, onEvent: OnRunEvent) =>
      Effect.gen(function* () {
        let snapshot = yield* snapshotNow
        const looked = yield* Effect.forEach(
          yield* freshOf(snapshot, paths),
          (path) => Effect.map(files.look(path), (file) => ({ path, file })),
          {
            concurrency: looksAtATime
          }
        )
        const refused = looked.flatMap(({ path, file }) =>
          isNoFile(file) && file.problem !== null ? [{ path, problem: file.problem }] : []
        )
        const nothing = looked.filter(({ file }) => isNoFile(file) && file.problem === null).length
        let adding = looked.flatMap(({ file }) => (isNoFile(file) ? [] : [file]))
        for (let race = 0; adding.length > 0; race++) {
          const work = commitFiles({ ...options, onEvent }, stage, reader, snapshot, adding)
          if (
            Option.isSome(
              yield* race < mostRaces ? Effect.catchIf(Effect.asSome(work), isOvertaken, () => Effect.succeedNone) : Effect.asSome(work)
            )
          )
            break
          snapshot = yield* snapshotNow
          const fresh = new Set(
            yield* freshOf(
              snapshot,
              adding.map(({ add }) => add.path)
            )
          )
          adding = adding.filter(({ add }) => fresh.has(add.path))
        }
        const done: Registered = {
          added: adding.map(({ add }) => add.path),
          rows: rowsOf(adding),
          known: paths.length - adding.length - nothing - refused.length,
          nothing,
          refused
        }
        return done
      })

    return {
      register: (paths, onEvent) =>
        Effect.gen(function* () {
          // In order, so that a page of retired positions is fetched once.
          const wanted = [...new Set(paths)].sort()
          const parts: Array<Registered> = []
          for (let i = 0; i < wanted.length; i += mostAtOnce) parts.push(yield* registerSome(wanted.slice(i, i + mostAtOnce), onEvent))
          const sum = (of: (part: Registered) => number) => parts.reduce((total, part) => total + of(part), 0)
          return {
            added: parts.flatMap(({ added }) => added),
            rows: sum(({ rows }) => rows),
            known: sum(({ known }) => known),
            nothing: sum(({ nothing }) => nothing),
            refused: parts.flatMap(({ refused }) => refused)
          }
        })
    }
  })

const rowsOf = (files: ReadonlyArray<StageFile>): number => files.reduce((sum, { rows }) => sum + rows, 0)

/** Others have committed since the snapshot was read: some of the objects, what their positions retire to, or so much that it has expired. */
const isOvertaken = (error: TableError | StoreError): boolean => error._tag === "TableError" && error.reason === "Conflict"

const commitFiles = (
  { contract, onEvent, retirement = defaultRetirement }: RegisterOptions & { readonly onEvent: OnRunEvent },
  { created, table }: Opened,
  reader: PositionReader,
  read: Snapshot,
  files: ReadonlyArray<StageFile>
): Effect.Effect<number, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const dataset = contract.contract.name
    const location = `firehose://${deliveryStreamOf(files[0]?.add.path ?? "") ?? dataset}`
    const paths = files.map(({ add }) => add.path)
    const runId = deterministicRunId(
      files[0]?.add.modificationTime ?? startedAt,
      `${dataset}.ingest`,
      JSON.stringify([...identityOf({ table, snapshot: read }), firehoseSource, paths])
    )
    const rows = rowsOf(files)
    const rawBytes = files.reduce((sum, file) => sum + file.rawBytes, 0)
    const run = new Run(onEvent, { kind: "batch", runId, dataset }, startedAt, [
      { uri: location, rows, bytes: rawBytes, files: files.length }
    ])
    const positions = new Map(files.map((file) => [file.add.path, positionOf(file)]))
    const fileBytes = bytesOf(files.map(({ add }) => add))
    return yield* run.of(
      Effect.gen(function* () {
        const report: BatchReport = {
          kind: "batch",
          runId,
          dataset,
          source: { name: firehoseSource, location },
          startedAt: run.startedAt,
          rotation: "source",
          shards: [...positions].map(([shard, position]) => ({ shard, to: coordinatesOf(position), records: position.records })),
          counts: { ...emptyCounts(), records: rows, rows, bytes: rawBytes },
          files: files.length,
          fileBytes
        }
        const retiring = yield* retiringWith(positions, { reader, store: yield* Store, table }, read, retirement)
        // The commit point: from here on the files are part of the table.
        const { version } = yield* appendRetiring(retiring, (some) =>
          table.commit(
            appendTransaction({
              read,
              files: files.map(({ add }) => add),
              rows,
              positions: stagePositions(firehoseSource, positions, some),
              report
            })
          )
        )
        const { uri, path } = table
        const output = { uri, path, version, created: created && version === 1, rows, bytes: fileBytes, files: files.length }
        return { result: rows, report, outputs: [output] }
      }),
      isOvertaken
    )
  })

/** Counted by its rows: of records that became none, Firehose's own error prefix tells. */
const positionOf = ({ add, rows }: StageFile): ShardPosition => ({
  sequenceNumber: String(rows),
  subSequenceNumber: 0,
  arrivedAt: new Date(add.modificationTime).toISOString(),
  records: rows,
  rows,
  deadLetters: 0,
  empty: 0
})

/** The positions that leave the log with these: a file that was registered does not change any more, so all of them may. */
const retiringWith = (
  positions: ReadonlyMap<string, ShardPosition>,
  place: Parameters<typeof retire>[0],
  { domains }: Snapshot,
  limits: RetirementLimits
): Effect.Effect<ReadonlyArray<DomainMetadata>, TableError> => {
  const stored = positionsOf(domains, firehoseSource)
  const before = [...stored.keys()].flatMap((shard) => {
    const position = stored.get(shard)
    return position === undefined ? [] : [[shard, position] as const]
  })
  const resting = [
    ...before.map(([shard, position]) => ({ shard, position, since: Date.parse(position.arrivedAt), isOfBatch: false })),
    ...[...positions].map(([shard, position]) => ({ shard, position, since: Date.parse(position.arrivedAt), isOfBatch: true }))
  ]
  const chosen = chooseRetiring(resting, resting.length, retiredPages(domains), firehoseSource, limits)
  return retire(place, domains, firehoseSource, chosen, limits)
}
