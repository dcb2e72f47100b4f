import { Effect, Stream } from "effect"
import type { DeadLetter } from "../record/dead-letter.ts"
import type { RecordPage } from "../record/record.ts"
import { type DecodeCounts, emptyCounts } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import { errorLine } from "./error-record.ts"
import { type Content, putOnce, structuredFolder, structuringErrors } from "./structured-objects.ts"
import type { Structurer } from "./structurer.ts"

/** Bytes of lines in an object, about: what is held in memory, and what is sent by one call of a function. */
const partBytes = 4 * 1024 * 1024

/**
 * Structures the records of a content: lines go below `structured_json/`, dead letters below `errors/structuring/`, both under keys that are derived from the content
 * and from themselves, where nothing is yet. So a content that is structured again comes to the same objects, and what was announced is not announced again. One of which only the
 * beginning was read, or that another contract structures, comes to others beside them: rows twice, under the same coordinates, and none lost.
 *
 * @param endsWith is it an error of the pages with which the content ends, whoever reads it? What came before it is written then, and it fails all the same
 */
export const structureObject = <E, R>(
  structurer: Structurer,
  content: Content,
  pages: Stream.Stream<RecordPage, E, R>,
  endsWith: (error: E) => boolean
): Effect.Effect<DecodeCounts, E | StoreError, R | Store> =>
  Effect.gen(function* () {
    const counts = emptyCounts()
    const lines = new Parts(structuredFolder, content)
    const letters = new Parts(structuringErrors, content)
    const add = (page: RecordPage) => {
      for (const structured of structurer.structure(page, counts)) {
        if (structured.kind === "line") lines.add(structured.line)
        else if (structured.kind === "deadLetter") letters.add(errorLine(content.dataset, structured.letter))
      }
    }
    let end: E | undefined
    yield* pages.pipe(
      Stream.catchIf(endsWith, (error) => {
        end = error
        return Stream.empty
      }),
      Stream.runForEach((page) =>
        Effect.suspend(() => {
          add(page)
          return Effect.andThen(letters.writeFull, lines.writeFull)
        })
      )
    )
    // Dead letters first: whoever finds the lines can rely on them.
    yield* letters.writeRest
    yield* lines.writeRest
    if (end !== undefined) return yield* Effect.fail(end)
    return counts
  })

/** Writes the dead letter of a content of which no more can be read. */
export const writeLoss = (content: Content, letter: DeadLetter): Effect.Effect<void, StoreError, Store> =>
  Effect.asVoid(putOnce(structuringErrors, { ...content, shard: `lost ${content.shard}` }, 0, [errorLine(content.dataset, letter)]))

/** Lines that become objects of about one size. Where they are cut follows from the lines alone. */
class Parts {
  readonly #folder: string
  readonly #content: Content
  readonly #full: Array<ReadonlyArray<string>> = []
  #open: Array<string> = []
  #bytes = 0
  #written = 0

  constructor(folder: string, content: Content) {
    this.#folder = folder
    this.#content = content
  }

  add(line: string): void {
    this.#open.push(line)
    this.#bytes += Buffer.byteLength(line)
    if (this.#bytes < partBytes) return
    this.#full.push(this.#open)
    this.#open = []
    this.#bytes = 0
  }

  get writeFull(): Effect.Effect<void, StoreError, Store> {
    return Effect.suspend(() => Effect.forEach(this.#full.splice(0), (part) => this.#write(part), { discard: true }))
  }

  get writeRest(): Effect.Effect<void, StoreError, Store> {
    return Effect.suspend(() => (this.#open.length === 0 ? Effect.void : this.#write(this.#open.splice(0))))
  }

  #write(lines: ReadonlyArray<string>): Effect.Effect<void, StoreError, Store> {
    return Effect.asVoid(putOnce(this.#folder, this.#content, this.#written++, lines))
  }
}
