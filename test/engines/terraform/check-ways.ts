/** Whether each object comes to the function that is for it, each delivery stream writes what its dataset has, and the clock starts what is to be started. */
import { deliveryStreamOf, partitionOfFolders } from "../../../src/lake/firehose.ts"
import { evaluatePrefix } from "../../firehose/fake-firehose.ts"
import { deliveryProblem, found, type Problem, problem } from "./hops.ts"
import type { Bucket, DeliveryStream, Deployed } from "./model.ts"
import { type Expected, functionOf, lakeOf, streamsOf } from "./places.ts"
import { routeOf } from "./routes.ts"

/** Of an object that Firehose writes. */
const someTime = new Date("2026-11-20T07:10:00Z")
const objectName = ({ extension, name }: DeliveryStream) => `${name}-1-2026-11-20-07-15-00-0b5cbe6b-6d7c-4b0e-9d0e-000000000001${extension}`

export const streamProblems = (deployed: Deployed, stream: DeliveryStream, { columns }: Expected): ReadonlyArray<Problem> => {
  const { bucket, folder } = lakeOf(deployed)
  const { bufferMegabytes, bufferSeconds, compression, errorPrefix, name, prefix, table } = stream
  const senders = functionOf(deployed, "sendStructuredJsonToFirehose").flatMap((arn) => [
    ...streamsOf(deployed.functions.get(arn)?.environment ?? {})
  ])
  const dataset = senders.find(([, to]) => to === name)?.[0]
  if (dataset === undefined) return [problem("dangling", `nobody sends to the delivery stream ${name}`)]
  const key = `${evaluatePrefix(prefix, someTime)}${objectName(stream)}`
  const errors = evaluatePrefix(errorPrefix, someTime, "format-conversion-failed")
  const partition = partitionOfFolders(key)
  const known = deployed.tables.find((each) => each.database === table?.database && each.name === table.name)
  const wanted = columns.get(dataset) ?? []
  const different = wanted.find((column, i) => known?.columns[i]?.Name !== column.Name || known.columns[i]?.Type !== column.Type)
  return found([
    deliveryProblem(deployed, stream, key),
    deliveryProblem(deployed, stream, `${errors}x`),
    stream.bucket === `arn:aws:s3:::${bucket}` ? null : problem("wrong setting", `${name} delivers to another bucket than the lake's`),
    key.startsWith(`${folder}stage/${dataset}/`) &&
    deliveryStreamOf(key) === name &&
    partition?.["ingest_date"] === "2026-11-20" &&
    partition["ingest_hour"] === "7"
      ? null
      : problem("wrong setting", `${name} has the prefix ${prefix}, which is no hour of the stage of ${dataset}`),
    errors.startsWith(`${folder}errors/format-conversion-failed/${dataset}/`)
      ? null
      : problem("wrong setting", `${name} has the error prefix ${errorPrefix}, by which its kind and its dataset are not known`),
    bufferMegabytes === 128 && bufferSeconds === 300
      ? null
      : problem("wrong setting", `${name} delivers after ${bufferMegabytes} MB or ${bufferSeconds} s, and not after 128 MB or 300 s`),
    compression === "UNCOMPRESSED" ? null : problem("wrong setting", `${name} compresses what is Parquet`),
    table === null ? problem("wrong setting", `${name} makes no Parquet`) : null,
    table !== null && known !== undefined && (different !== undefined || known.columns.length !== wanted.length)
      ? problem("wrong columns", `the table ${table.name} has not the columns of ${dataset}: ${different?.Name ?? "there are more"}`)
      : null
  ])
}

/** What must be told of an object, and to whom alone. */
export const routeProblems = (deployed: Deployed, { mode, rawKeys }: Expected): ReadonlyArray<Problem> => {
  if (mode !== "managed" && mode !== "all") return []
  const { bucket, folder } = lakeOf(deployed)
  const lake = deployed.buckets.get(`arn:aws:s3:::${bucket}`)
  const datasets = [...deployed.deliveryStreams.values()]
  const isTold = (from: Bucket | undefined, key: string, file: string): ReadonlyArray<Problem> => {
    const told = from === undefined ? [] : [...routeOf(deployed, from, key).functions].map((arn) => deployed.functions.get(arn)?.file)
    return told.length === 1 && told[0] === file
      ? []
      : [problem("wrong route", `of ${from?.name}/${key} ${file} must be told, and nobody else; told is ${told.join(", ") || "nobody"}`)]
  }
  const raw = [...deployed.buckets.values()].find((each) => each.name !== bucket && each.notifications.length > 0)
  const hasNobody =
    lake === undefined
      ? []
      : ["stage/checkout/_delta_log/00000000000000000001.json", "lineage/x.json"].flatMap((key) => [
          ...routeOf(deployed, lake, `${folder}${key}`).functions
        ])
  return [
    ...rawKeys.flatMap((key) => isTold(raw, key, "sendCheckoutDataToFirehouse")),
    ...isTold(lake, `${folder}structured_json/checkout/2026/11/20/07/x.json`, "sendStructuredJsonToFirehose"),
    ...isTold(lake, `${folder}errors/structuring/checkout/2026/11/20/07/x.json`, "collectDeadLetters"),
    ...datasets.flatMap((stream) => [
      ...isTold(lake, `${evaluatePrefix(stream.prefix, someTime)}${objectName(stream)}`, "registerStageObjects"),
      ...isTold(
        lake,
        `${evaluatePrefix(stream.errorPrefix, someTime, "processing-failed")}${objectName({ ...stream, extension: "" })}`,
        "collectDeadLetters"
      )
    ]),
    ...(hasNobody.length > 0 ? [problem("wrong route", `${hasNobody.join(", ")} is told of what the lake itself writes`)] : [])
  ]
}

/** Minute 10 of every hour. */
const schedule = /^cron\(10 \* (\*|\?) \* (\*|\?) \*\)$/

export const scheduleProblems = (deployed: Deployed): ReadonlyArray<Problem> => {
  const submits = (rule: Deployed["rules"][number]) =>
    rule.targets.some(({ arn, task }) => task !== null || deployed.functions.get(arn)?.file === "submitPartitionRoutineCluster")
  const hourly = deployed.rules.filter(submits)
  const submitters = functionOf(deployed, "submitPartitionRoutineCluster")
  const committers = functionOf(deployed, "commitPartitionRoutine")
  return found([
    ...hourly.map(({ isEnabled, name, schedule: given }) =>
      isEnabled && schedule.test(given ?? "")
        ? null
        : problem("wrong schedule", `the rule ${name} is not that of minute 10 of every hour: ${isEnabled ? given : "it is disabled"}`)
    ),
    submitters.length > 0 && hourly.length === 0 ? problem("wrong schedule", "no rule starts the repartition") : null,
    ...committers.map((arn) =>
      deployed.rules.some(({ pattern, isEnabled, targets }) => isEnabled && pattern !== null && targets.some((each) => each.arn === arn))
        ? null
        : problem("wrong route", `${deployed.functions.get(arn)?.name} is not told of jobs that have ended`)
    )
  ])
}
