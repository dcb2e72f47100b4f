import { Effect, Stream } from "effect"
import type { Positions, ReadPosition, ShardPosition } from "../record/position.ts"
import type { RecordPage } from "../record/record.ts"
import { SourceError } from "../record/source-error.ts"

/** Where a source begins, and a way to learn how far other processes have come since. */
export interface Resume extends Positions {
  /** The shards that have a position. (A stream is started for the first time when none of its own is among them.) */
  readonly keys: () => Iterable<string>
  /** What is committed now, by any process. Absent: only this process commits, or the source need not know. */
  readonly latest?: Effect.Effect<Resume, { readonly message: string }>
  /**
   * What this process knows of a shard by now, for a source of more shards than `get` may have at hand: the position of one at rest may have to be
   * fetched. Rejects with `SourceError`. Absent: `get` knows all.
   */
  readonly find?: (shard: string) => Committed | Promise<Committed>
}

/** What is committed of a shard. */
export interface Committed {
  readonly position: ShardPosition | undefined
  /** It has rested so long that it is not kept at hand; whoever remembers something of the shard need not any more. */
  readonly hasRetired?: boolean
  /**
   * How far a process came that died within a commit: its dead letters stand, its rows do not. Records at other coordinates than it gave them need
   * such as lie behind. Undefined: none did.
   */
  readonly ahead?: ReadPosition | undefined
}

/**
 * Where records come from. A source is bounded (its stream ends) or not (it follows its input until interrupted).
 *
 * `pages` gives the records of every shard in order, strictly after the positions in `resume`, which are those that a table committed. It is
 * pull-based: nothing is read ahead of what is asked for, and what it holds open is released when the stream ends, fails or is interrupted.
 */
export interface Source {
  /** Part of every record's coordinates: `files`, `kinesis`, … */
  readonly name: string
  /** URI of the whole input, for lineage. */
  readonly location: string
  readonly pages: (resume: Resume) => Stream.Stream<RecordPage, SourceError>
  /**
   * For a source whose shards several processes share: another one has committed these shards, so that what this one read of them is void. The
   * source leaves them alone until they have not moved for a while, and is then asked for its pages anew. Without it, a second owner is an error.
   */
  readonly disown?: (shards: ReadonlyArray<string>) => Effect.Effect<void>
  /**
   * For a source of many short shards that any process may be given, as objects that a queue announces: who commits one first has read it, and nobody owns it
   * before. Whether another process did is looked for once a batch, as it is committed. What this one has read of the batch is void then, and the
   * source is asked for its pages anew.
   */
  readonly isFirstCome?: boolean
  /** Told behind each commit where the shards of its batch stand now, so that the source can forget them elsewhere. */
  readonly committed?: (positions: ReadonlyMap<string, ReadPosition>) => Effect.Effect<void>
  /**
   * For a source of more and more shards: since when (ms since 1970) nothing has come of one that stands at this position; null: it is none of this source's
   * input. Where they are many, the positions of those that have rested longest leave the log, and are found by `find` of {@link Resume}.
   */
  readonly restingSince?: (shard: string, position: ReadPosition) => number | null
}

/**
 * A stream of what an async generator yields. Its `finally` blocks have run when the stream's scope is closed, whatever closed it; that is
 * what `Stream.fromAsyncIterable` does not promise on interruption.
 *
 * @param open called once per run of the stream
 * @param abort makes a pending read settle, for input that may never answer (a terminal); files need none
 */
export const fromGenerator = <A>(open: () => AsyncGenerator<A, void>, abort: () => void = () => {}): Stream.Stream<A, SourceError> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(Effect.sync(open), (generator) =>
        Effect.promise(async () => {
          abort()
          await generator.return()
        }).pipe(Effect.ignoreCause)
      ),
      (generator) => Stream.unfold(generator, nextOf)
    )
  )

/** A stream that gives up what it waits for where it is stopped. */
export const abortable = <A>(open: (signal: AbortSignal) => AsyncGenerator<A, void>): Stream.Stream<A, SourceError> =>
  Stream.suspend(() => {
    const stopped = new AbortController()
    return fromGenerator(
      () => open(stopped.signal),
      () => stopped.abort()
    )
  })

const nextOf = <A>(generator: AsyncGenerator<A, void>): Effect.Effect<readonly [A, AsyncGenerator<A, void>] | undefined, SourceError> =>
  Effect.tryPromise({ try: () => generator.next(), catch: (cause) => cause }).pipe(
    Effect.catch((cause) => (cause instanceof SourceError ? Effect.fail(cause) : Effect.die(cause))),
    Effect.map((next) => (next.done === true ? undefined : ([next.value, generator] as const)))
  )
