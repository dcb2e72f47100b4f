import { type SizingInput, sizeOf } from "./size.ts"

/**
 * What a deployed configuration costs a month, worked out from prices, from what is in it, and from how much it is asked to do. Arithmetic alone, over
 * `size.ts`: nothing is known of AWS but what is put in.
 */
export interface CostInput {
  /** When the prices were looked up. */
  readonly date: string
  /** Where the numbers of each part come from, for people. */
  readonly from: Readonly<Record<string, string>>
  /** Hours and days of a month. */
  readonly hours: number
  readonly days: number
  readonly prices: Readonly<Record<Price, number>>
  readonly work: Readonly<Record<Work, number>>
  readonly examples: Readonly<Record<string, Deployment>>
}

type Price =
  | "kinesisStreamHour"
  | "kinesisGigabyteIn"
  | "kinesisGigabyteOut"
  | "kinesisGigabyteMonthKept"
  | "firehoseGigabyte"
  | "firehoseGigabyteConverted"
  | "lambdaMillionCalls"
  | "lambdaGigabyteSecond"
  | "s3ThousandPuts"
  | "s3ThousandGets"
  | "sqsMillion"
  | "snsMillion"
  | "kmsKeyMonth"
  | "kmsTenThousand"
  | "alarmMonth"
  | "metricMonth"
  | "dashboardMonth"
  | "logGigabyte"
  | "imageGigabyteMonth"
  | "endpointHour"
  | "endpointGigabyte"
  | "secretMonth"

type Work =
  | "structuredBytesPerRow"
  | "firehoseBytesRounded"
  | "streamKeptDays"
  | "structuredJsonDays"
  | "functionGigabytes"
  | "structureSecondsPerObject"
  | "sendSecondsPerObject"
  | "registerSecondsPerFile"
  | "consumeSecondsPerEvent"
  | "consumeSecondsPerMegabyte"
  | "hourlySecondsPerCall"
  | "taskStartSeconds"
  | "shards"
  | "consumeWindowSeconds"
  | "eventMegabytes"
  | "firehoseWindowSeconds"
  | "firehoseFileBytes"
  | "batchSeconds"
  | "batchBytes"
  | "putsPerCommit"
  | "getsPerCommit"
  | "getsPerHour"
  | "putsPerHour"
  | "pollsPerQueueHour"
  | "sqsRequestsPerMessage"
  | "kmsRequestsPerS3Request"
  | "logBytesPerCall"
  | "logBytesPerBatch"
  | "insightMetricsPerService"
  | "imageGigabytes"
  | "zones"

/** What is in a configuration, as far as it costs. */
export interface Deployment {
  readonly stream: boolean
  readonly functionReadsStream: boolean
  readonly firehose: boolean
  /** Of the consumer on Fargate. */
  readonly tasks: number
  readonly taskCores: number
  readonly taskGigabytes: number
  readonly engine: "embedded" | "spark"
  /** Of the task that folds, where the engine is embedded. */
  readonly repartitionCores: number
  readonly repartitionGigabytes: number
  /** Interface endpoints in each zone; 0 where the network is somebody else's, or none. */
  readonly endpoints: number
  readonly datasets: number
  /** Queues that functions ask for messages, whether there are any or not. */
  readonly polledQueues: number
  readonly alarms: number
  /** Metrics that are made of logs. */
  readonly logMetrics: number
  readonly services: number
}

export interface CostLine {
  readonly what: string
  /** US dollars a month. */
  readonly cost: number
}

/** How much is done in a month. */
interface Load {
  readonly rows: number
  readonly rawGigabytes: number
  /** Files that are closed by their size or their age, of each dataset, where anything comes at all. */
  readonly files: (bytesPerRow: number, windowSeconds: number, fileBytes: number) => number
}

const loadOf = ({ days, hours }: CostInput, { load }: SizingInput, { datasets }: Deployment, ordersPerDay: number): Load => {
  const rows = ordersPerDay * load.rowsPerOrder * days
  return {
    rows,
    rawGigabytes: (rows * load.rawBytesPerRow) / 1e9,
    // No more than there are rows.
    files: (bytesPerRow, windowSeconds, fileBytes) =>
      Math.min(rows, Math.max((datasets * hours * 3600) / windowSeconds, (rows * bytesPerRow) / fileBytes))
  }
}

/** Calls of functions in a month, the seconds that they take, and what they ask of S3, SQS and SNS. */
interface Done {
  readonly calls: number
  readonly seconds: number
  readonly puts: number
  readonly gets: number
  readonly messages: number
}

const nothing: Done = { calls: 0, seconds: 0, puts: 0, gets: 0, messages: 0 }
const add = (...all: ReadonlyArray<Done>): Done =>
  all.reduce(
    (sum, each) => ({
      calls: sum.calls + each.calls,
      seconds: sum.seconds + each.seconds,
      puts: sum.puts + each.puts,
      gets: sum.gets + each.gets,
      messages: sum.messages + each.messages
    }),
    nothing
  )

const commits = ({ work }: CostInput, count: number): Done => ({
  ...nothing,
  puts: count * work.putsPerCommit,
  gets: count * work.getsPerCommit
})

/** The hourly repartition, and what looks at the lake whether anything is new or not. */
const hourly = ({ hours, work }: CostInput, { engine }: Deployment): Done => ({
  calls: engine === "spark" ? hours : 0,
  seconds: engine === "spark" ? hours * work.hourlySecondsPerCall : 0,
  puts: hours * work.putsPerHour,
  gets: hours * work.getsPerHour,
  messages: 0
})

const taskDone = (input: CostInput, { load }: SizingInput, { files }: Load): Done =>
  commits(input, files(load.rawBytesPerRow, input.work.batchSeconds, input.work.batchBytes))

const streamFunction = (input: CostInput, { rows, rawGigabytes }: Load): Done => {
  const { hours, work } = input
  // Base64 makes an event a third larger than its records.
  const windows = (work.shards * hours * 3600) / work.consumeWindowSeconds
  const calls = Math.min(rows, Math.max(windows, (rawGigabytes * 1000 * 4) / 3 / work.eventMegabytes))
  const seconds = calls * work.consumeSecondsPerEvent + rawGigabytes * 1000 * work.consumeSecondsPerMegabyte
  return add({ ...nothing, calls, seconds }, commits(input, calls))
}

/** Each raw object is read and written as structured JSON, which is read and put into the delivery stream, whose files are registered. */
const aroundFirehose = (input: CostInput, { rows, files }: Load): Done => {
  const { work } = input
  const stage = files(work.structuredBytesPerRow, work.firehoseWindowSeconds, work.firehoseFileBytes)
  return add(
    {
      calls: (2 * rows) / 10 + stage,
      seconds: rows * (work.structureSecondsPerObject + work.sendSecondsPerObject) + stage * work.registerSecondsPerFile,
      puts: rows + stage,
      gets: 2 * rows + stage,
      messages: 2 * rows + stage
    },
    commits(input, stage)
  )
}

/** What a configuration costs a month with so many orders a day; 0: idle. */
export const costOf = (input: CostInput, sizing: SizingInput, it: Deployment, ordersPerDay: number): ReadonlyArray<CostLine> => {
  const { days, hours, prices, work } = input
  const { load, prices: sizes } = sizing
  const month = loadOf(input, sizing, it, ordersPerDay)
  const { rows, rawGigabytes } = month
  const done = add(
    hourly(input, it),
    it.tasks > 0 && it.stream ? taskDone(input, sizing, month) : nothing,
    it.functionReadsStream ? streamFunction(input, month) : nothing,
    it.firehose ? aroundFirehose(input, month) : nothing
  )
  const polls = it.polledQueues * hours * work.pollsPerQueueHour
  const firehoseGigabytes = it.firehose
    ? (rows * Math.ceil(work.structuredBytesPerRow / work.firehoseBytesRounded) * work.firehoseBytesRounded) / 1e9
    : 0
  const structuredGigabytes = it.firehose ? (rows * work.structuredBytesPerRow * work.structuredJsonDays) / days / 1e9 : 0
  const tables = (rows * (load.stageBytesPerRow + load.consumableBytesPerRow)) / 1e9
  const logGigabytes = (done.calls * work.logBytesPerCall + done.puts * work.logBytesPerBatch) / 1e9
  const metrics = it.logMetrics + it.services * work.insightMetricsPerService
  return [
    {
      what: "Kinesis, on demand",
      cost: it.stream
        ? hours * prices.kinesisStreamHour +
          rawGigabytes *
            (prices.kinesisGigabyteIn + prices.kinesisGigabyteOut + (prices.kinesisGigabyteMonthKept * work.streamKeptDays) / days)
        : 0
    },
    { what: "Firehose, with conversion", cost: firehoseGigabytes * (prices.firehoseGigabyte + prices.firehoseGigabyteConverted) },
    {
      what: "Lambda",
      cost: (done.calls * prices.lambdaMillionCalls) / 1e6 + done.seconds * work.functionGigabytes * prices.lambdaGigabyteSecond
    },
    {
      what: "Fargate: the consumer",
      cost: it.tasks * hours * (it.taskCores * sizes.taskCoreHour + it.taskGigabytes * sizes.taskGigabyteHour)
    },
    {
      what: it.engine === "spark" ? "EMR Serverless: the repartition" : "Fargate: the repartition",
      cost: it.engine === "spark" ? sparkCost(input, sizing, ordersPerDay) : taskCost(input, sizing, it, rows)
    },
    { what: "S3: a month's rows, stored for a month", cost: (tables + structuredGigabytes) * sizes.storedGigabyteMonth },
    { what: "S3: requests", cost: (done.puts * prices.s3ThousandPuts + done.gets * prices.s3ThousandGets) / 1000 },
    {
      what: "SQS and SNS",
      cost: ((polls + done.messages * work.sqsRequestsPerMessage) * prices.sqsMillion + done.messages * prices.snsMillion) / 1e6
    },
    {
      what: "KMS",
      cost: prices.kmsKeyMonth + ((done.puts + done.gets) * work.kmsRequestsPerS3Request * prices.kmsTenThousand) / 1e4
    },
    {
      what: "CloudWatch: alarms, metrics, dashboard, logs",
      cost: it.alarms * prices.alarmMonth + metrics * prices.metricMonth + prices.dashboardMonth + logGigabytes * prices.logGigabyte
    },
    {
      what: "Endpoints of the VPC",
      cost: it.endpoints * work.zones * hours * prices.endpointHour + (it.endpoints > 0 ? rawGigabytes * prices.endpointGigabyte : 0)
    },
    {
      what: "Image and secret",
      cost: prices.secretMonth + (it.services > 0 ? work.imageGigabytes * prices.imageGigabyteMonth : 0)
    }
  ]
}

/** A job is started where something is new, and nothing is kept warm. */
const sparkCost = ({ days }: CostInput, sizing: SizingInput, ordersPerDay: number): number =>
  ordersPerDay > 0 ? sizeOf(sizing, ordersPerDay).spark.costPerDay * days : 0

/** A task is started every hour, and paid for a minute at least. */
const taskCost = (
  { hours, work }: CostInput,
  { embedded, prices }: SizingInput,
  { repartitionCores, repartitionGigabytes }: Deployment,
  rows: number
): number => {
  const seconds = hours * work.taskStartSeconds + rows / embedded.rowsPerCoreSecond / repartitionCores
  return (seconds / 3600) * (repartitionCores * prices.taskCoreHour + repartitionGigabytes * prices.taskGigabyteHour)
}
