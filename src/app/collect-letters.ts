import { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
import { collectedSource, errorObjectAt } from "../firehose/collected.ts"
import { keyBelow, type MessagesAnswer, ObjectsFailed } from "../firehose/messages.ts"
import { structuredDataset } from "../firehose/structured-objects.ts"
import { type IngestError, ingest } from "../ingest/ingest.ts"
import { keepTables } from "../ingest/open-tables.ts"
import { defaultBatchLimits } from "../ingest/options.ts"
import { placeInStage } from "../lake/layout.ts"
import { count } from "../record/count.ts"
import { membersOf } from "../record/members.ts"
import type { OnRunEvent } from "../record/report.ts"
import type { SourceError } from "../record/source-error.ts"
import { type AnnouncedObject, announcementsIn } from "../source/announced/envelope.ts"
import { type Wanted, wantedMessage, wantedObject } from "../source/announced/wanted.ts"
import type { ObjectReader } from "../store/s3-reader.ts"
import { Store } from "../store/store.ts"
import { announcedSharesOf } from "./input-shares.ts"
import { type DeliveryStreams, datasetOf } from "./structurers.ts"

export interface CollectorOptions {
  /** All of a project. */
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly decode: DecodeSettings
  readonly objects: ObjectReader
  /** Whose records lie under the error prefix of a delivery stream. */
  readonly deliveryStreams: DeliveryStreams
  /** The dataset of what nothing else tells it of; null: the project's first. */
  readonly dataset: string | null
}

/** What takes dead letters that others have put down. */
export interface LetterCollector {
  /**
   * Takes the dead letters of an event into the lake: what lies in the objects of error prefixes that it announces, and the messages of dead-letter queues that it
   * holds. Each is a row of `dead_letters` once, however often it comes. Of a queue, what failed is answered; any other event fails as a whole, behind all that could be done.
   */
  readonly collect: (event: unknown, onEvent: OnRunEvent) => Effect.Effect<MessagesAnswer, IngestError | SourceError | ObjectsFailed, Store>
}

/** Something to take, and the message that it came with; null: the event is answered as a whole. */
interface Unit {
  readonly message: string | null
  readonly dataset: string
  /** URI of the bucket or the queue. */
  readonly place: string
  readonly wanted: Wanted
}

interface Problem {
  readonly message: string | null
  /** What happened and what to do, as sentences. */
  readonly problem: string
}

/** In the middle of an object of a hundred megabytes something must have been kept when time is over. */
const limits = { ...defaultBatchLimits, bytes: 32 * 1024 * 1024 }

export const letterCollector = (options: CollectorOptions): LetterCollector => {
  const { contracts, decode, objects } = options
  const opened = new Map<string, ReturnType<typeof keepTables>>()
  const tablesOf = (contract: CompiledContract) => {
    const { name } = contract.contract
    const tables = opened.get(name) ?? keepTables({ contract, decode })
    opened.set(name, tables)
    return tables
  }

  const take = (units: ReadonlyArray<Unit>, place: string, contract: CompiledContract, onEvent: OnRunEvent) =>
    Effect.gen(function* () {
      const problems: Array<Problem> = []
      let lost: Array<string> = []
      let letters = 0
      const source = collectedSource({
        location: place,
        wanted: [...new Map(units.map(({ wanted }) => [wanted.shard, wanted])).values()],
        objects,
        onFailed: ({ shard }, error) => {
          for (const unit of units) if (unit.wanted.shard === shard) problems.push({ message: unit.message, problem: sentence(error) })
        },
        onLost: (_, error) => void lost.push(sentence(error))
      })
      do {
        problems.length = 0
        lost = []
        const { counts, failure } = yield* ingest({
          contract,
          source,
          decode,
          limits,
          tables: tablesOf(contract),
          stop: Effect.never,
          onEvent,
          onProgress: () => {}
        })
        if (failure !== null) return yield* failure
        letters += counts.records
        for (const problem of lost) yield* Effect.logWarning(problem)
        // That an object is lost is one commit, and its dead letter another.
      } while (lost.length > 0)
      yield* Effect.annotateLogs(Effect.logInfo(`${place}: dead letters collected`), {
        dataset: contract.contract.name,
        letters,
        failed: problems.length
      })
      return problems
    })

  return {
    collect: (event, onEvent) =>
      Effect.gen(function* () {
        const { root } = yield* Store
        const { messages, problems, units } = unitsIn({ ...options, root }, event)
        for (const [dataset, ofDataset] of Map.groupBy(units, ({ dataset }) => dataset)) {
          const contract = contracts.find(({ contract }) => contract.name === dataset)
          if (contract === undefined) {
            const problem = `There is no dataset ${dataset} in this project: build the function with the project that has it.`
            problems.push(...ofDataset.map(({ message }) => ({ message, problem })))
            continue
          }
          for (const [place, ofPlace] of Map.groupBy(ofDataset, ({ place }) => place))
            problems.push(...(yield* take(ofPlace, place, contract, onEvent)))
        }
        for (const { problem } of problems) yield* Effect.logError(problem)
        const [first] = problems
        if (first !== undefined && messages.length === 0)
          return yield* new ObjectsFailed({
            problem: `${count(problems.length, "object")} of dead letters could not be collected, first: ${first.problem.replace(/\.$/, "")}`,
            hint: "All else was. Lambda tries the event again; what it gives up goes to the function's destination for failures."
          })
        const failed = new Set(problems.map(({ message }) => message))
        return { batchItemFailures: messages.flatMap((id) => (failed.has(id) ? [{ itemIdentifier: id }] : [])) }
      })
  }
}

/** What an event gives to take. */
interface Given {
  /** Ids of the messages of a queue; empty: the event is answered as a whole. */
  readonly messages: ReadonlyArray<string>
  readonly units: ReadonlyArray<Unit>
  readonly problems: Array<Problem>
}

interface UnitOptions extends CollectorOptions {
  /** Of the lake. */
  readonly root: string
}

const unitsIn = (options: UnitOptions, event: unknown): Given => {
  const { Records } = membersOf(event)
  const records: ReadonlyArray<unknown> = Array.isArray(Records) ? Records : []
  const isOfQueue = records.length > 0 && records.every((record) => membersOf(record)["eventSource"] === "aws:sqs")
  const given = isOfQueue
    ? records.map((record) => messageIn(options, membersOf(record), membersOf(record)["body"]))
    : [messageIn(options, null, event)]
  return {
    messages: isOfQueue ? given.map(({ id }) => id ?? "") : [],
    units: given.flatMap(({ units }) => units),
    problems: given.flatMap(({ problems, id }) => problems.map((problem) => ({ message: id, problem })))
  }
}

interface GivenMessage {
  readonly id: string | null
  readonly units: ReadonlyArray<Unit>
  readonly problems: ReadonlyArray<string>
}

/** @param queued the message of a queue that has the text; null: it is no queue's */
const messageIn = (options: UnitOptions, queued: { readonly [name: string]: unknown } | null, text: unknown): GivenMessage => {
  const announcements = announcementsIn(givenUp(text))
  const objects = announcements.flatMap((each) => (each.kind === "object" ? [each.object] : []))
  const unreadable = announcements.flatMap((each) => (each.kind === "unreadable" ? [`${each.problem}.`] : []))
  const id = queued === null ? null : textOf(queued["messageId"])
  const units: Array<Unit> = []
  const problems: Array<string> = []
  for (const object of objects) {
    const dataset = errorDatasetOf(options, object)
    if (dataset === null) continue
    if (typeof dataset === "string") units.push({ message: id, dataset, place: `s3://${object.bucket}`, wanted: wantedObject(object) })
    else problems.push(`s3://${object.bucket}/${object.key}: ${dataset.problem}`)
  }
  // What else a queue holds is itself what was not delivered.
  const others = objects.filter(({ key }) => errorObjectAt(key) === null)
  if (queued === null) problems.push(...unreadable)
  else if (others.length > 0 || unreadable.length > 0) {
    const unit = messageUnit(options, queued, others)
    if (unit === null) problems.push("A message of a queue has no id, body or time: the event is not one of SQS.")
    else units.push(unit)
  }
  return { id, units, problems }
}

/** The dataset of an object under an error prefix, or why it cannot be told; null: it lies elsewhere. */
const errorDatasetOf = (
  { contracts, dataset, deliveryStreams }: CollectorOptions,
  { key }: AnnouncedObject
): string | { readonly problem: string } | null => {
  const found = errorObjectAt(key)
  if (found === null) return null
  if ("dataset" in found) return found.dataset
  const folder = found.folders.find((name) => contracts.some(({ contract }) => contract.name === name))
  if (folder !== undefined) return folder
  const named = Effect.runSync(Effect.result(datasetOf(deliveryStreams, found.stream)))
  if (named._tag === "Success") return named.success
  // There is nothing to tell apart.
  const only = contracts.length === 1 ? contracts[0]?.contract.name : undefined
  return dataset ?? only ?? { problem: named.failure.message }
}

/**
 * The event that Lambda gave up, where it tells its destination for failures of it: straight to a queue, in the envelope of SNS, or by EventBridge. Else what was given.
 */
const givenUp = (message: unknown): unknown => {
  const found = typeof message === "string" ? parsed(message) : message
  const { Type, Message, detail, source } = membersOf(found)
  if (Type === "Notification" && typeof Message === "string") return givenUp(Message)
  const { requestContext, requestPayload } = membersOf(source === "lambda" ? detail : found)
  return requestContext === undefined || requestPayload === undefined ? message : requestPayload
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The dataset that an object is of by its place in the lake, which tells more than patterns of raw keys; else the one that takes its key. */
const datasetTaking = ({ contracts, root }: UnitOptions, object: AnnouncedObject): string | undefined => {
  const key = keyBelow(root, object) ?? ""
  const named = structuredDataset(key) ?? placeInStage(key)?.dataset ?? null
  if (named !== null) return contracts.find(({ contract }) => contract.name === named)?.contract.name
  return announcedSharesOf(contracts).find(({ takes }) => takes?.(object.key) !== false)?.contract.contract.name
}

const messageUnit = (
  options: UnitOptions,
  { messageId, body, attributes, eventSourceARN }: { readonly [name: string]: unknown },
  objects: ReadonlyArray<AnnouncedObject>
): Unit | null => {
  const { DeadLetterQueueSourceArn, SentTimestamp } = membersOf(attributes)
  const sentAt = Number(SentTimestamp)
  const queue = textOf(eventSourceARN)
  const id = textOf(messageId)
  if (id === "" || queue === "" || typeof body !== "string" || !Number.isFinite(sentAt)) return null
  const { contracts, dataset } = options
  const from = textOf(DeadLetterQueueSourceArn)
  const detail = `It was found in ${queue}${from === "" ? "" : `, where it came from ${from}`}.`
  return {
    message: id,
    dataset:
      objects.map((object) => datasetTaking(options, object)).find((name) => name !== undefined) ??
      dataset ??
      contracts[0]?.contract.name ??
      "",
    place: queue,
    wanted: wantedMessage({ id, sentAt, body }, queue, { reason: "undelivered", detail })
  }
}

const sentence = ({ message }: SourceError): string => `${message.replace(/\.$/, "")}.`

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
