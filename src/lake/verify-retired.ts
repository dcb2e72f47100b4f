import { Effect } from "effect"
import { count } from "../record/count.ts"
import { countsOf } from "../record/position.ts"
import { Store } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type Check, check, some } from "./check.ts"
import { PositionReader } from "./position-reader.ts"
import { parsePosition, storedPositions } from "./positions.ts"
import { pageFrom, pageOf, pageText, retiredPages } from "./retired.ts"
import type { At } from "./verify-rows.ts"

/**
 * The positions that have retired are where the log says, and come to what it says; a shard that has come back says what its object counts of it. Reads
 * the objects one by one. A table of which none has retired is spared the check.
 */
export const retiredChecks = ({ table, snapshot: { domains } }: At): Effect.Effect<ReadonlyArray<Check>, TableError, Store> =>
  Effect.gen(function* () {
    const pages = retiredPages(domains)
    if (pages.length === 0) return []
    const reader = new PositionReader(table, yield* Store)
    const live = Map.groupBy(storedPositions(domains), ({ source, shard }) => pageOf(pages, source, shard))
    const wrong: Array<string> = []
    let shards = 0
    for (const page of pages) {
      const read = yield* Effect.result(reader.page(page))
      if (read._tag === "Failure") {
        wrong.push(read.failure.problem)
        continue
      }
      const content = read.success
      shards += content.size
      if (pageText(pageFrom(page.source, page.first, page.object, content)) !== pageText(page))
        wrong.push(`${page.object} comes to other counts than the log says`)
      for (const [shard, text] of content) {
        const { records, rows, deadLetters, empty } = parsePosition(text)
        if (pageOf(pages, page.source, shard) !== page) wrong.push(`${page.object} has ${shard}, which belongs to another object`)
        if (records !== rows + deadLetters + empty)
          wrong.push(`${page.object}: ${shard} has ${records} records, but ${rows} rows + ${deadLetters} dead letters + ${empty} empty`)
      }
      for (const { shard, position } of live.get(page) ?? []) {
        const text = content.get(shard)
        const counted = text === undefined ? undefined : countsOf(parsePosition(text))
        if (JSON.stringify(counted) !== JSON.stringify(position.retired))
          wrong.push(`${page.source}/${shard} has come back, and ${page.object} does not count of it what the log says`)
      }
    }
    const told = `${count(shards, "position")} in ${count(pages.length, "object")}`
    return [check(table.path, "retired positions are whole", wrong.length === 0, wrong.length === 0 ? told : some(wrong))]
  })
