/**
 * Each way on which something goes from one service to another, and whether it may: what the driver asks before it plays a hop, and what a configuration is checked by. A hop
 * that fails says by name what is wrong.
 */
import { mayAssume, roleMay, roleMayUse, serviceMay, serviceMayUse } from "./access.ts"
import type {
  Bucket,
  DeliveryStream,
  Deployed,
  DeployedFunction,
  Notification,
  Queue,
  Rule,
  SourceMapping,
  Stream,
  Subscription,
  Topic
} from "./model.ts"

export type ProblemName =
  /** It leads to what is not there. */
  | "dangling"
  /** A topic or queue does not let in what is to be sent there. */
  | "publish denied"
  /** A function may not be called. */
  | "invoke denied"
  /** A key lets nobody use it who must. */
  | "key denied"
  /** A role may not do what it must. */
  | "policy too narrow"
  /** A role may do what nothing of it does. */
  | "policy too wide"
  /** Something is kept as it is. */
  | "not encrypted"
  | "public"
  /** What fails is lost. */
  | "no dead letters"
  /** An object comes to nobody, or to the wrong function. */
  | "wrong route"
  | "wrong setting"
  | "wrong schedule"
  | "wrong columns"
  /** A mode has not what it is made of. */
  | "wrong mode"

export interface Problem {
  readonly name: ProblemName
  /** Where it is, and what. */
  readonly says: string
}

type Found = Problem | null

export const problem = (name: ProblemName, says: string): Problem => ({ name, says })

/** The problems among what may be none. */
export const found = (problems: Iterable<Problem | null>): ReadonlyArray<Problem> =>
  [...problems].flatMap((each) => (each === null ? [] : [each]))

const last = (arn: string): string => arn.split(":").at(-1) ?? arn

/** Something is sent to a topic or queue by a service, on behalf of something else: news, or what it could not hand over. */
export const sendProblem = (deployed: Deployed, service: string, to: string, source: string): Found => {
  const topic = deployed.topics.get(to)
  const queue = deployed.queues.get(to)
  const target = topic ?? queue
  if (target === undefined) return problem("dangling", `${last(source)} sends to ${to}, which is not there`)
  const action = topic === undefined ? "sqs:SendMessage" : "sns:Publish"
  if (!serviceMay(deployed, service, action, to, source))
    return problem("publish denied", `the policy of ${last(to)} does not let ${service} ${action} for ${last(source)}`)
  if (!serviceMayUse(deployed, service, target.key, source))
    return problem("key denied", `the key of ${last(to)} does not let ${service} write there for ${last(source)}`)
  return null
}

/** A service calls a function, on behalf of something else. */
const invokeProblem = (deployed: Deployed, service: string, to: string, source: string): Found => {
  const called = deployed.functions.get(to)
  if (called === undefined) return problem("dangling", `${last(source)} calls ${to}, which is not there`)
  const may = called.permissions.some(
    (each) =>
      each.principal === service &&
      (each.source === null || each.source === source) &&
      (each.account === null || each.account === deployed.account)
  )
  return may ? null : problem("invoke denied", `${called.name} has no permission for ${service} to call it for ${last(source)}`)
}

/** A bucket tells of an object. */
export const notificationProblem = (deployed: Deployed, { arn }: Bucket, { kind, target }: Notification): Found =>
  kind === "lambda_function"
    ? invokeProblem(deployed, "s3.amazonaws.com", target, arn)
    : sendProblem(deployed, "s3.amazonaws.com", target, arn)

/** A topic hands a message over. */
export const subscriptionProblem = (deployed: Deployed, { arn }: Topic, { protocol, endpoint }: Subscription): Found => {
  if (protocol === "sqs") return sendProblem(deployed, "sns.amazonaws.com", endpoint, arn)
  if (protocol === "lambda") return invokeProblem(deployed, "sns.amazonaws.com", endpoint, arn)
  return deployed.functions.has(endpoint) || deployed.queues.has(endpoint)
    ? problem("wrong setting", `the subscription of ${last(endpoint)} to ${last(arn)} has the protocol ${protocol}`)
    : null
}

const readsQueue = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
const readsStream = [
  "kinesis:DescribeStream",
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards"
]

/** A mapping brings a function what is in a queue or a stream: Lambda reads it as the function. */
export const mappingProblem = (deployed: Deployed, { source, target }: SourceMapping): Found => {
  const called = deployed.functions.get(target)
  const from: Queue | Stream | undefined = deployed.queues.get(source) ?? deployed.streams.get(source)
  if (called === undefined || from === undefined)
    return problem("dangling", `a mapping leads from ${source} to ${target}, which are not both there`)
  const isQueue = deployed.queues.has(source)
  const missing = (isQueue ? readsQueue : readsStream).find((action) => !roleMay(deployed, called.role, action, source))
  if (missing !== undefined)
    return problem("policy too narrow", `the role of ${called.name} may not ${missing} on ${last(source)}, from which its mapping reads`)
  if (!roleMayUse(deployed, called.role, from.key, "kms:Decrypt", isQueue ? "sqs" : "kinesis"))
    return problem("key denied", `the role of ${called.name} may not decrypt ${last(source)}, from which its mapping reads`)
  return null
}

/** A rule does what it is for. */
export const targetProblem = (deployed: Deployed, rule: Rule, target: Rule["targets"][number]): Found => {
  if (target.arn.includes(":lambda:")) return invokeProblem(deployed, "events.amazonaws.com", target.arn, rule.arn)
  if (target.task !== null) {
    const task = deployed.tasks.get(target.task)
    if (task === undefined) return problem("dangling", `the rule ${rule.name} runs ${target.task}, which is not there`)
    const { role } = target
    if (role === null || !mayAssume(deployed, "events.amazonaws.com", role, rule.arn))
      return problem("policy too narrow", `the rule ${rule.name} has no role that it may be, to run ${task.family}`)
    if (!roleMay(deployed, role, "ecs:RunTask", target.task, { "ecs:cluster": target.arn }))
      return problem("policy too narrow", `the role of the rule ${rule.name} may not run ${task.family}`)
    const passed = [task.role, task.executionRole].find(
      (each) => each !== null && !roleMay(deployed, role, "iam:PassRole", each, { "iam:PassedToService": "ecs-tasks.amazonaws.com" })
    )
    return passed === undefined
      ? null
      : problem("policy too narrow", `the role of the rule ${rule.name} may not pass ${passed} to the task`)
  }
  return sendProblem(deployed, "events.amazonaws.com", target.arn, rule.arn)
}

/** Calls of a function that nobody waits for, and that failed, go to where it says: its role sends them. */
export const failureProblem = (deployed: Deployed, { name, role, onFailure }: DeployedFunction): Found => {
  if (onFailure === null) return null
  const to = deployed.queues.get(onFailure) ?? deployed.topics.get(onFailure)
  if (to === undefined) return problem("dangling", `what ${name} fails on goes to ${onFailure}, which is not there`)
  const isQueue = deployed.queues.has(onFailure)
  if (!roleMay(deployed, role, isQueue ? "sqs:SendMessage" : "sns:Publish", onFailure))
    return problem("policy too narrow", `the role of ${name} may not send what it fails on to ${last(onFailure)}`)
  const mayEncrypt = ["kms:GenerateDataKey", "kms:Decrypt"].every((action) =>
    roleMayUse(deployed, role, to.key, action, isQueue ? "sqs" : "sns")
  )
  return mayEncrypt ? null : problem("key denied", `the role of ${name} may not encrypt what it sends to ${last(onFailure)}`)
}

/** Firehose reads the table and writes an object, as its role. @param key of the object, absent: none, only what it must be able to do beside */
export const deliveryProblem = (deployed: Deployed, stream: DeliveryStream, key: string): Found => {
  const bucket = deployed.buckets.get(stream.bucket)
  const { name, role, table } = stream
  if (bucket === undefined) return problem("dangling", `${name} delivers to ${stream.bucket}, which is not there`)
  if (!mayAssume(deployed, "firehose.amazonaws.com", role, stream.arn))
    return problem("policy too narrow", `Firehose may not be the role of ${name}`)
  const may = (action: string, resource: string) => roleMay(deployed, role, action, resource)
  const object = `${bucket.arn}/${key}`
  const missing = [
    ...["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"].filter((action) => !may(action, bucket.arn)),
    ...["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"].filter((action) => !may(action, object))
  ]
  if (missing.length > 0) return problem("policy too narrow", `the role of ${name} may not ${missing.join(", ")} for ${object}`)
  const mayEncrypt = ["kms:GenerateDataKey", "kms:Decrypt"].every((action) =>
    roleMayUse(deployed, role, bucket.key, action, "s3", { "kms:EncryptionContext:aws:s3:arn": bucket.arn })
  )
  if (!mayEncrypt) return problem("key denied", `the role of ${name} may not use the key of ${bucket.name}`)
  if (table === null) return null
  if (!deployed.tables.some((each) => each.database === table.database && each.name === table.name))
    return problem("dangling", `${name} converts by the table ${table.database}.${table.name}, which is not there`)
  const glue = `arn:aws:glue:${deployed.region}:${deployed.account}`
  const unread = [`${glue}:catalog`, `${glue}:database/${table.database}`, `${glue}:table/${table.database}/${table.name}`].find(
    (resource) =>
      !["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"].every((action) => roleMay(deployed, table.role, action, resource))
  )
  return unread === undefined ? null : problem("policy too narrow", `the role of ${name} may not read ${unread}`)
}
