import {
  type IteratorStart,
  KinesisError,
  type KinesisReason,
  type PutAnswer,
  type PutRecord,
  type RecordsPage,
  type Shard,
  type ShardsPage,
  type StreamDescription
} from "../../../src/stream/kinesis/api.ts"
import { type Faults, noFaults, type Operation } from "./faults.ts"
import { hashKeys } from "./hash-keys.ts"
import { limits, RateLimit } from "./limits.ts"
import type { SequenceNumberStyle } from "./sequence-numbers.ts"
import type { SimulatedRecord, SimulatedShard } from "./shard.ts"
import { SimulatedStream } from "./stream.ts"
import { type Iterator, type Place, readIterator, readNextToken, writeIterator, writeNextToken } from "./tokens.ts"
import { Watch } from "./watch.ts"

/** What the service is like, for a whole run. */
export interface ServiceOptions {
  /** Numbers from 0 up to 1, from the seed of the run. The only source of chance: same numbers, same calls, same answers. */
  readonly random: () => number
  readonly sequenceNumbers?: SequenceNumberStyle
  /** How far `arrivedAt` may be off, to either side. 0 by default. */
  readonly arrivalJitterMillis?: number
  /**
   * What a position older than the horizon leads to. `emptyLoop`, the default, is what consumers report of the service: no error, pages without
   * records at `millisBehindLatest` = retention, for ever. `horizon` goes on at the horizon.
   */
  readonly stalePosition?: "emptyLoop" | "horizon"
  /** Shards on a page of ListShards, at most 1,000. Small ones let a test meet the second page. */
  readonly listPageSize?: number
  /** How late ListShards shows that shards were opened and closed. 0 by default. */
  readonly listLagMillis?: number
  /** 1 MiB by default, at most 10 MiB. */
  readonly maxRecordBytes?: number
  /** How often in a row a shard may refuse a consumer for its rate before that is a violation. 20 by default. */
  readonly throttlesAllowed?: number
}

/**
 * What the service answers at an instant: its rules and nothing of time passing. Each method either gives the answer or throws the
 * `KinesisError` that the caller gets.
 */
export class Service {
  faults: Faults = noFaults
  readonly streams = new Map<string, SimulatedStream>()
  readonly watch: Watch
  private readonly options: ServiceOptions
  private readonly describeCalls = new RateLimit(limits.describeStream.callsPerSecond)
  private readonly expiredEarly = new Set<string>()
  private chains = 0

  constructor(options: ServiceOptions) {
    this.options = options
    this.watch = new Watch(options.throttlesAllowed ?? 20)
  }

  createStream(name: string, shards: number, retentionMillis: number, now: number): SimulatedStream {
    const { sequenceNumbers = "long", arrivalJitterMillis = 0, random } = this.options
    const stream = new SimulatedStream(name, { shards, retentionMillis, sequenceNumbers, arrivalJitterMillis, random }, now)
    this.streams.set(name, stream)
    return stream
  }

  describeStream(name: string, now: number): StreamDescription {
    const stream = this.streamFor("DescribeStreamSummary", name)
    within(this.describeCalls, now, "DescribeStreamSummary", name)
    return { arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`, retentionMillis: stream.retentionMillis }
  }

  listShards(name: string, nextToken: string | null, now: number): ShardsPage {
    const stream = this.streamFor("ListShards", name)
    const token = nextToken === null ? { stream: name, from: 0, issuedAt: now } : readNextToken(nextToken)
    if (token === null || token.stream !== name) throw failure("ListShards", name, "Invalid", "the next token is not one of this stream")
    if (now - token.issuedAt >= limits.nextTokenMillis) throw failure("ListShards", name, "ExpiredToken", "the next token has expired")
    within(stream.listCalls, now, "ListShards", name)
    const known = now - (this.options.listLagMillis ?? 0)
    const visible = (shard: SimulatedShard) => shard.parents.length === 0 || shard.openedAt <= known
    const size = Math.min(limits.listShards.shards, this.options.listPageSize ?? limits.listShards.shards)
    const shards: Array<Shard> = []
    let at = token.from
    for (; at < stream.shards.length && shards.length < size; at++) {
      const shard = stream.shards[at]
      if (shard === undefined || !visible(shard)) break
      if (!shard.expired(now)) shards.push(stream.describe(shard, known))
    }
    const next = stream.shards[at]
    const more = next !== undefined && visible(next)
    return { shards, nextToken: more ? writeNextToken({ stream: name, from: at, issuedAt: now }) : null }
  }

  getShardIterator(name: string, shardId: string, start: IteratorStart, now: number): string {
    const shard = this.shardFor("GetShardIterator", name, shardId, now)
    within(shard.iterators, now, "GetShardIterator", name)
    shard.trim(now)
    const place = this.placeOf(shard, start, name, now)
    return writeIterator({ stream: name, shardId, chain: this.chains++, step: 0, issuedAt: now, place })
  }

  getRecords(iterator: string, limit: number, now: number): RecordsPage {
    const it = readIterator(iterator)
    if (it === null) throw failure("GetRecords", "", "Invalid", "the iterator is not one of this service")
    const name = it.stream
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= limits.getRecords.records))
      throw failure("GetRecords", name, "Invalid", `a limit of ${limit} is not between 1 and ${limits.getRecords.records}`)
    const shard = this.shardFor("GetRecords", name, it.shardId, now)
    if (this.chance(this.faults.expireEarly)) this.expiredEarly.add(iterator)
    if (now - it.issuedAt >= limits.iteratorMillis || this.expiredEarly.has(iterator))
      throw failure("GetRecords", name, "ExpiredIterator", "ExpiredIteratorException: the iterator has expired")
    this.watch.asked(it, now)
    if (!shard.calls.open(now) || !shard.reads.open(now)) {
      this.watch.throttled(shard, now)
      throw failure("GetRecords", name, "Throttled", `ProvisionedThroughputExceededException: rate exceeded for shard ${it.shardId}`)
    }
    shard.calls.use(now, 1)
    return { ...this.page(shard, it, limit, now), servedAt: now }
  }

  /** The page has reached its reader, whose iterator it came for. */
  delivered(iterator: string, page: RecordsPage, now: number): void {
    const it = readIterator(iterator)
    const says = page.nextIterator !== null || page.childShards.length > 0
    const shard = it === null ? undefined : this.streams.get(it.stream)?.shard(it.shardId, now)
    if (it !== null && says && shard !== undefined) this.watch.delivered(shard, it, page.records.length, page.nextIterator === null, now)
  }

  /** `stored` is what came into the stream by this call. */
  putRecords(
    name: string,
    records: ReadonlyArray<PutRecord>,
    now: number
  ): { readonly answers: ReadonlyArray<PutAnswer>; readonly stored: ReadonlyArray<SimulatedRecord> } {
    const stream = this.streamFor("PutRecords", name)
    const sizes = this.sizesOf(name, records)
    const stored: Array<SimulatedRecord> = []
    const answers = records.map((record, i): PutAnswer => {
      if (this.chance(this.faults.putFailure)) return { ok: false, code: "InternalFailure" }
      const put = stream.put(record, sizes[i] ?? 0, now)
      if (put.stored !== null) stored.push(put.stored)
      return put.answer
    })
    return { answers, stored }
  }

  private page(shard: SimulatedShard, it: Iterator, limit: number, now: number): RecordsPage {
    shard.trim(now)
    const next = (place: Place) => writeIterator({ ...it, step: it.step + 1, issuedAt: now, place })
    const tolerant = this.options.stalePosition === "horizon"
    if (it.place === "nowhere" || (it.place !== "horizon" && it.place < shard.trimmed && !tolerant))
      return { records: [], nextIterator: next("nowhere"), millisBehindLatest: shard.retentionMillis, childShards: [] }
    const from = it.place === "horizon" ? shard.trimmed : Math.max(it.place, shard.trimmed)
    const most = this.chance(this.faults.shortPage) ? 1 + Math.floor(this.options.random() * Math.min(limit, 10)) : limit
    const full = shard.pageEnd(from, most)
    const end = full > from && this.chance(this.faults.emptyPage) ? from : full
    const records = shard.records.slice(from, end)
    let bytes = 0
    for (const record of records) bytes += record.bytes
    shard.reads.use(now, bytes)
    const millisBehindLatest = shard.millisBehindLatest(end, now)
    if (this.chance(this.faults.nullIteratorWithoutChildren)) return { records, nextIterator: null, millisBehindLatest, childShards: [] }
    const ended = shard.closedAt !== null && end === shard.records.length && !(end > from && this.chance(this.faults.lateEnd))
    if (!ended) return { records, nextIterator: next(end), millisBehindLatest, childShards: [] }
    const childShards = shard.children.map((child) => ({
      shardId: child.shardId,
      parentShardIds: child.parents.map((parent) => parent.shardId)
    }))
    return { records, nextIterator: null, millisBehindLatest, childShards }
  }

  private placeOf(shard: SimulatedShard, start: IteratorStart, name: string, now: number): Place {
    switch (start.type) {
      case "TRIM_HORIZON":
        return "horizon"
      case "LATEST":
        return shard.records.length
      case "AT_TIMESTAMP": {
        if (start.timestamp > now)
          throw failure("GetShardIterator", name, "Invalid", `timestamp ${start.timestamp} is greater than the current one, ${now}`)
        const at = shard.firstSince(start.timestamp)
        return at <= shard.trimmed ? "horizon" : at
      }
      default: {
        const invalid = (why: string) => failure("GetShardIterator", name, "Invalid", `sequence number ${start.sequenceNumber} ${why}`)
        if (!/^(0|[1-9]\d{0,128})$/.test(start.sequenceNumber)) throw invalid("has not the form of one")
        const sequence = BigInt(start.sequenceNumber)
        if (!shard.numbers.owns(sequence)) throw invalid(`is not one of ${shard.shardId}`)
        if (start.sequenceNumber === shard.endingSequenceNumber) throw invalid(`has reached the maximum of ${shard.shardId}`)
        if (sequence < BigInt(shard.startingSequenceNumber) || sequence > shard.numbers.last)
          throw invalid(`did not come from ${shard.shardId}`)
        if (shard.stale(sequence)) return this.options.stalePosition === "horizon" ? "horizon" : "nowhere"
        return shard.firstAt(start.type === "AT_SEQUENCE_NUMBER" ? sequence : sequence + 1n)
      }
    }
  }

  /** Bytes of each record of a put, keys included. */
  private sizesOf(name: string, records: ReadonlyArray<PutRecord>): ReadonlyArray<number> {
    const invalid = (why: string) => failure("PutRecords", name, "Invalid", why)
    if (records.length < 1 || records.length > limits.putRecords.records) throw invalid(`${records.length} records in one call`)
    const most = Math.min(limits.recordBytes.most, this.options.maxRecordBytes ?? limits.recordBytes.usual)
    let total = 0
    const sizes = records.map(({ partitionKey, explicitHashKey, data }) => {
      if (partitionKey.length < 1 || partitionKey.length > limits.partitionKeyCharacters)
        throw invalid(`a partition key of ${partitionKey.length} characters`)
      if (explicitHashKey !== undefined && !(/^(0|[1-9]\d{0,38})$/.test(explicitHashKey) && BigInt(explicitHashKey) < hashKeys))
        throw invalid("an explicit hash key that is none")
      if (data.length > most) throw invalid(`a record of ${data.length} bytes, at most ${most}`)
      const size = data.length + Buffer.byteLength(partitionKey)
      total += size
      return size
    })
    if (total > limits.putRecords.bytes) throw invalid(`${total} bytes in one call, at most ${limits.putRecords.bytes}`)
    return sizes
  }

  private streamFor(operation: Operation, name: string): SimulatedStream {
    const stream = this.streams.get(name)
    if (stream === undefined) throw failure(operation, name, "NotFound", "ResourceNotFoundException: no such stream")
    return stream
  }

  private shardFor(operation: Operation, name: string, shardId: string, now: number): SimulatedShard {
    const shard = this.streamFor(operation, name).shard(shardId, now)
    if (shard === undefined) throw failure(operation, name, "NotFound", `ResourceNotFoundException: no such shard ${shardId}`)
    return shard
  }

  private chance(probability: number): boolean {
    return probability > 0 && this.options.random() < probability
  }
}

const within = (rate: RateLimit, now: number, operation: Operation, stream: string): void => {
  if (!rate.open(now)) throw failure(operation, stream, "Throttled", "LimitExceededException: rate exceeded")
  rate.use(now, 1)
}

const failure = (operation: Operation, stream: string, reason: KinesisReason, detail: string): KinesisError =>
  new KinesisError({ operation, stream, reason, detail })
