import { Schema } from "effect"
import type { Answer } from "./answers.ts"
import type { CollectCounts } from "./counts.ts"
import type { CollectOptions } from "./options.ts"
import type { HitStream } from "./put-hits.ts"

/** It cannot listen. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

export interface ServerOptions {
  readonly host: string | null
  /** 0 takes one that is free. */
  readonly port: number
  readonly collect: CollectOptions
  readonly counts: CollectCounts
  readonly stream: HitStream
  /** Groups of hits that are put at the same time. */
  readonly calls: number
  readonly queueHits: number
  readonly queueBytes: number
  readonly maxConnections: number
  /** Other pages, by path. */
  readonly pages: { readonly [path: string]: () => Promise<Answer> }
  /** A line for each request: what was asked and answered, never by whom. */
  readonly onRequest: ((line: AccessLine) => void) | null
  readonly limits?: Partial<Limits>
}

/** What an access log says of a request. */
export interface AccessLine {
  readonly method: string
  /** One of ours; `other` is what nobody should be able to write into a log. */
  readonly path: string
  readonly status: number
  readonly hits: number
  readonly bytes: number
  readonly millis: number
}

/** In milliseconds, and bytes. */
export interface Limits {
  /** Until the head of a request is there, from its first byte or from the connection's begin. */
  readonly head: number
  /** Until a request is there whole. */
  readonly request: number
  /** A connection is kept between requests: for longer than balancers keep theirs, which otherwise send into closed ones. */
  readonly idle: number
  /** Until hits are stored. */
  readonly put: number
  /** Until everything that was begun is answered, when it ends. */
  readonly drain: number
  readonly headBytes: number
}

export const defaultLimits: Limits = { head: 10_000, request: 30_000, idle: 65_000, put: 10_000, drain: 45_000, headBytes: 16_384 }
