import { isUtf8 } from "node:buffer"
import type { ColumnBuilders } from "../../columns/builders.ts"
import { full, type StorePlace } from "../../columns/leaf-store.ts"
import type { DecodeCounts } from "../../record/report.ts"
import type { FastReader, Outcome } from "../fast-reader.ts"
import { HashMemo } from "../hash-memo.ts"
import type { Plan } from "../plan.ts"
import { type Run, shorten } from "../run.ts"
import type { Walker } from "../walk.ts"
import { type Kernel, type KernelExports, makeSimdKernel } from "./kernel.ts"
import { cell, layout, respelled, WalkMemory } from "./memory.ts"
import { makeFirstScalarKernel, makeScalarKernel } from "./scalar/kernel.ts"
import { giveUp, Scanner } from "./scan.ts"
import { ByteWalker } from "./walk-bytes.ts"

/** What the reader works with. */
export interface ReaderParts {
  readonly plan: Plan
  readonly run: Run
  readonly walker: Walker
  /** Key of the hashes that stand in for sensitive values. */
  readonly hashKey: Uint8Array | null
  readonly maxDepth: number
  readonly keepUnknown: boolean
}

/** What walks first: WebAssembly (where it runs), TypeScript, or nothing, so that {@link ByteWalker} does it all. */
export type KernelName = "simd" | "scalar" | "none"

const makers: Readonly<Record<KernelName, () => Kernel | null>> = {
  simd: () => makeSimdKernel() ?? makeFirstScalarKernel(),
  scalar: makeScalarKernel,
  none: () => null
}

/**
 * Reads records of a page into the open row of its own builders: by the kernel, and by {@link ByteWalker} what the kernel gives up. The builders hold few rows, close together in memory; where rows are gathered takes them over, many at a time.
 */
export class RecordReader implements FastReader {
  readonly block = null
  readonly capacity: number = WalkMemory.capacity
  readonly accepts: (bytes: Uint8Array) => boolean = isUtf8
  readonly builders: ColumnBuilders
  readonly #memory: WalkMemory
  readonly #scanner = new Scanner()
  readonly #bytewise: ByteWalker
  readonly #kernel: KernelExports | null

  /** @param makeBuilders makes builders of the stage columns whose store lies at a place */
  constructor(parts: ReaderParts, name: KernelName, makeBuilders: (place: StorePlace) => ColumnBuilders) {
    const kernel = makers[name]()
    const memory = kernel?.memory ?? new WalkMemory()
    const { plan, run, walker, hashKey } = parts
    const digests = memory.bytes.subarray(layout.digests)
    const memo = hashKey === null ? null : new HashMemo(hashKey, undefined, digests)
    memory.cells[cell.hashes] = memo === null ? 0 : 1
    this.#memory = memory
    this.builders = makeBuilders({
      buffer: memory.buffer,
      state: memory.ints(layout.state, layout.stateEnd),
      arena: layout.arena,
      end: layout.arenaEnd
    })
    this.#bytewise = new ByteWalker(plan, this.#scanner, run, walker, memo, this.builders, memory, parts)
    this.#scanner.begin(memory.bytes, kernel?.special ?? null)
    const exports = kernel === null ? null : this.#start(kernel, run, memo)
    this.#kernel = exports
    const leaves = this.builders.leaves.length
    if (exports !== null) this.builders.store.mark = () => exports.commit(leaves)
  }

  get handedOver(): ReadonlyArray<string> {
    return this.#bytewise.handedOver
  }

  get hasTallied(): boolean {
    return (this.#memory.cells[cell.tallied] ?? 0) > 0
  }

  get isRespelled(): boolean {
    return ((this.#memory.cells[cell.keys] ?? 0) & respelled) !== 0
  }

  beginPage(counts: DecodeCounts): void {
    this.#bytewise.beginPage(counts)
  }

  watchDrift(counts: DecodeCounts): void {
    if (this.#memory.cells[cell.talliesDrift] === 1) this.#bytewise.beginPage(counts)
  }

  load(page: Buffer, from: number, to: number): void {
    const end = this.#memory.load(page, from, to)
    this.#kernel?.mark(end)
  }

  read(start: number, end: number): Outcome {
    if (this.#kernel !== null) {
      this.#bytewise.begin()
      const at = this.#scanner.past(start, 0)
      try {
        const after = this.#scanner.bytes[at] === 123 ? this.#kernel.record(at) : -1
        if (after >= 0) {
          this.#bytewise.close(after, end)
          return "row"
        }
      } catch (thrown) {
        if (thrown !== giveUp) throw thrown
      }
      this.builders.rollback()
    }
    try {
      this.#bytewise.record(start, end)
      return "row"
    } catch (thrown) {
      if (thrown !== giveUp && thrown !== full) throw thrown
      this.builders.rollback()
      return thrown === full ? "full" : "odd"
    }
  }

  settle(): void {
    this.#memory.settle()
  }

  flush(counts: DecodeCounts): void {
    this.#bytewise.flush(counts)
  }

  #start(kernel: Kernel, run: Run, memo: HashMemo | null): KernelExports {
    const bytewise = this.#bytewise
    const { cells } = this.#memory
    /** -1 for what is given up, whatever the reason: the record is read again by the ByteWalker, which meets the same. */
    const givenUp = (thrown: unknown): number => {
      if (thrown !== giveUp && thrown !== full) throw thrown
      return -1
    }
    return kernel.start({
      value: (node, at, escaped, repetition) => {
        try {
          const open = cells[cell.openLists] ?? 0
          shorten(run.indexes, open)
          for (let i = 0; i < open; i++) run.indexes[i] = cells[cell.indexes + i] ?? 0
          return bytewise.value(node, at, escaped, repetition)
        } catch (thrown) {
          return givenUp(thrown)
        }
      },
      find: (node, before, at, escaped) => {
        try {
          const key = bytewise.find(node, before, at, escaped)
          cells[cell.after] = this.#scanner.after
          return key
        } catch (thrown) {
          return givenUp(thrown)
        }
      },
      hash: (start, end) => memo?.slotOf(this.#memory.bytes, start, end) ?? 0,
      grow: (leaf, what, least) => {
        try {
          this.builders.store.grow(leaf, what, least)
          return 1
        } catch (thrown) {
          return Math.max(0, givenUp(thrown))
        }
      }
    })
  }
}
