import { Effect } from "effect"
import { deadLetterDomain } from "../lake/log-keys.ts"
import type { PositionReader } from "../lake/position-reader.ts"
import { isBeyond, positionsOf, storedLetterPositions } from "../lake/positions.ts"
import { chooseRetiring, type Resting, type RetirementLimits, retire } from "../lake/retire.ts"
import { retiredPages } from "../lake/retired.ts"
import type { Source } from "../source/source.ts"
import { Store } from "../store/store.ts"
import type { DomainMetadata } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import type { ClosedBatch } from "./batch.ts"
import type { View } from "./second-owner.ts"

/** What the two commits of a batch say of positions that leave the log. */
export interface Retirement {
  readonly stage: ReadonlyArray<DomainMetadata>
  readonly letters: ReadonlyArray<DomainMetadata>
}

/** What of the source is read at this moment. */
export interface Reading {
  readonly dataset: string
  readonly source: Source
  readonly reader: PositionReader
  /** Is the shard part of the batch that is being filled? */
  readonly isOpen: (shard: string) => boolean
}

/**
 * The positions that retire with a batch, where the log carries too many of the source. Writes the objects that they retire to, which lie there unknown to
 * all before the commit.
 */
export const retirementOf = (
  { dataset, source, reader, isOpen }: Reading,
  stage: Table,
  view: View,
  batch: ClosedBatch,
  limits: RetirementLimits
): Effect.Effect<Retirement, TableError, Store> =>
  Effect.gen(function* () {
    const { name, restingSince } = source
    if (restingSince === undefined) return { stage: [], letters: [] }
    const { domains } = view.stage
    const positions = positionsOf(domains, name)
    const others = [...positions.keys()].filter((shard) => !batch.shards.has(shard))
    const live = others.length + batch.shards.size
    const resting: Array<Resting> = []
    const add = (shard: string, position: Resting["position"] | undefined, isOfBatch: boolean) => {
      if (position === undefined || isOpen(shard)) return
      const since = restingSince(shard, position)
      if (since !== null) resting.push({ shard, position, since, isOfBatch })
    }
    if (live > limits.live) {
      for (const shard of others) add(shard, positions.get(shard), false)
      for (const [shard, { to }] of batch.shards) add(shard, to, true)
    }
    const chosen = chooseRetiring(resting, live, retiredPages(domains), name, limits)
    return {
      stage: yield* retire({ reader, store: yield* Store, table: stage }, domains, name, chosen, limits),
      letters: batch.deadLetterFiles.length === 0 ? [] : yield* reachedLetters({ dataset, source, reader, isOpen }, view, batch, limits)
    }
  })

/** Positions of dead letters that stage has reached: they say nothing any more. */
const reachedLetters = (
  { dataset, source: { name, restingSince }, reader }: Reading,
  { stage, deadLetters }: View,
  batch: ClosedBatch,
  limits: RetirementLimits
): Effect.Effect<ReadonlyArray<DomainMetadata>, TableError> =>
  Effect.gen(function* () {
    const others = storedLetterPositions(deadLetters.domains, dataset).filter(
      ({ source, shard }) => source === name && !batch.shards.has(shard)
    )
    const reached: Array<DomainMetadata> = []
    if (others.length <= limits.live) return reached
    for (const { shard, position } of others.slice(0, limits.atOnce)) {
      const found = yield* reader.find(stage.domains, name, shard)
      if (found === null || isBeyond(position, found.position) || restingSince?.(shard, found.position) === null) continue
      reached.push({ domain: deadLetterDomain({ dataset, source: name, shard }), configuration: JSON.stringify(position), removed: true })
    }
    return reached
  })
