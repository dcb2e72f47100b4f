/** What is wrong with a deployed configuration, told before anything runs on it. */
import { deadLetterProblems, mappingSettings } from "./check-failures.ts"
import { routeProblems, scheduleProblems, streamProblems } from "./check-ways.ts"
import {
  failureProblem,
  found,
  mappingProblem,
  notificationProblem,
  type Problem,
  problem,
  sendProblem,
  subscriptionProblem,
  targetProblem
} from "./hops.ts"
import { verdictOf } from "./iam.ts"
import type { Deployed } from "./model.ts"
import { type Expected, functionOf, lakeOf, streamsOf } from "./places.ts"
import { rightsProblems } from "./rights.ts"
import { taskRightsProblems } from "./task-rights.ts"

/** Everything that is wrong. */
export const problemsOf = (deployed: Deployed, expected: Expected): ReadonlyArray<Problem> => [
  ...hopProblems(deployed),
  ...bucketProblems(deployed),
  ...encryptionProblems(deployed),
  ...deadLetterProblems(deployed),
  ...mappingSettings(deployed),
  ...deployed.deliveryStreams.values().flatMap((stream) => streamProblems(deployed, stream, expected)),
  ...routeProblems(deployed, expected),
  ...scheduleProblems(deployed),
  ...functionProblems(deployed, expected),
  ...taskProblems(deployed),
  ...modeProblems(deployed, expected),
  ...rightsProblems(deployed, expected.functions),
  ...taskRightsProblems(deployed)
]

export const hopProblems = (deployed: Deployed): ReadonlyArray<Problem> =>
  found([
    ...deployed.buckets.values().flatMap((bucket) => bucket.notifications.map((each) => notificationProblem(deployed, bucket, each))),
    ...deployed.topics
      .values()
      .flatMap((topic) =>
        topic.subscriptions.flatMap((each) => [
          subscriptionProblem(deployed, topic, each),
          each.deadLetters === null ? null : sendProblem(deployed, "sns.amazonaws.com", each.deadLetters, topic.arn)
        ])
      ),
    ...deployed.mappings.map((each) => mappingProblem(deployed, each)),
    ...deployed.functions.values().map((each) => failureProblem(deployed, each)),
    ...deployed.rules.flatMap((rule) =>
      rule.targets.flatMap((each) => [
        targetProblem(deployed, rule, each),
        each.deadLetters === null ? null : sendProblem(deployed, "events.amazonaws.com", each.deadLetters, rule.arn)
      ])
    )
  ])

/** Folders whose objects only the log of a table may give up. */
const tables = ["stage/", "consumable/", "dead_letters/", "runs/"]

const bucketProblems = (deployed: Deployed): ReadonlyArray<Problem> => {
  const { bucket: lake, folder } = lakeOf(deployed)
  const anybody = { type: "AWS", id: `arn:aws:iam::${deployed.account}:role/anybody` } as const
  return found(
    [...deployed.buckets.values()].flatMap((bucket) => {
      const put = (key: string, context: { readonly [name: string]: string }) =>
        verdictOf(bucket.policy, {
          principal: anybody,
          action: "s3:PutObject",
          resource: `${bucket.arn}/${key}`,
          context: { "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "s3:ObjectCreationOperation": "true", ...context }
        })
      const commit = `${folder}stage/checkout/_delta_log/00000000000000000007.json`
      const isLake = bucket.name === lake
      const expired = isLake
        ? bucket.expires.find(({ prefix }) =>
            tables.some((table) => `${folder}${table}`.startsWith(prefix) || prefix.startsWith(`${folder}${table}`))
          )
        : undefined
      return [
        bucket.isPublicBlocked ? null : problem("public", `the bucket ${bucket.name} does not block public access`),
        put("x", { "aws:SecureTransport": "false" }) === "deny"
          ? null
          : problem("not encrypted", `the bucket ${bucket.name} takes what comes without TLS`),
        put("x", { "s3:TlsVersion": "1.1" }) === "deny"
          ? null
          : problem("not encrypted", `the bucket ${bucket.name} takes what comes by old TLS`),
        !isLake || put(commit, {}) === "deny"
          ? null
          : problem("policy too wide", `the bucket ${bucket.name} lets commits be written without a condition`),
        isLake && put(commit, { "s3:if-none-match": "*" }) === "deny"
          ? problem("policy too narrow", `the bucket ${bucket.name} takes no commits`)
          : null,
        expired === undefined
          ? null
          : problem(
              "wrong setting",
              `objects below ${bucket.name}/${expired.prefix} are deleted after ${expired.days} days, which a table may need`
            )
      ]
    })
  )
}

const encryptionProblems = (deployed: Deployed): ReadonlyArray<Problem> => {
  const own = (key: string | null) => key !== null && deployed.keys.has(key)
  const kept = [...deployed.buckets.values(), ...deployed.topics.values(), ...deployed.queues.values(), ...deployed.streams.values()]
  return [
    ...kept.flatMap(({ arn, key }) => (own(key) ? [] : [problem("not encrypted", `${arn} has no key of this configuration`)])),
    ...deployed.deliveryStreams
      .values()
      .flatMap(({ name, isEncrypted }) =>
        isEncrypted ? [] : [problem("not encrypted", `the delivery stream ${name} keeps records as they are`)]
      )
  ]
}

const functionProblems = (deployed: Deployed, { functions }: Expected): ReadonlyArray<Problem> =>
  found(
    [...deployed.functions.values()].flatMap(({ environment, file, name, role }) => {
      const entry = functions.find((each) => each.name === file)
      if (entry === undefined) return [problem("dangling", `${name} is made of ${file}.zip, which is none of the functions`)]
      const strange = Object.keys(environment).filter((each) => !entry.environment.includes(each))
      const unsent =
        file === "sendStructuredJsonToFirehose"
          ? [...streamsOf(environment).values()].filter((to) => ![...deployed.deliveryStreams.values()].some((each) => each.name === to))
          : []
      return [
        strange.length === 0 ? null : problem("wrong setting", `${name} does not read ${strange.join(", ")}`),
        environment["SLUICE_HASH_KEY"] === undefined ? null : problem("not encrypted", `${name} has the hash key in its environment`),
        unsent.length === 0
          ? null
          : problem("dangling", `${name} sends to ${unsent.join(", ")}, which is no delivery stream of this configuration`),
        deployed.roles.has(role) ? null : problem("dangling", `${name} runs as ${role}, which is not there`)
      ]
    })
  )

const taskProblems = (deployed: Deployed): ReadonlyArray<Problem> =>
  found([
    ...[...deployed.tasks.values()].flatMap(({ containers, executionRole, family, role }) => [
      role !== null && deployed.roles.has(role) ? null : problem("dangling", `the task ${family} has no role`),
      executionRole !== null && deployed.roles.has(executionRole)
        ? null
        : problem("dangling", `the task ${family} has no role that fetches its image`),
      ...containers.flatMap(({ command, environment, hasHealthCheck, stopTimeout }) => [
        environment["SLUICE_HASH_KEY"] === undefined
          ? null
          : problem("not encrypted", `the task ${family} has the hash key in its environment`),
        stopTimeout === 120 ? null : problem("wrong setting", `the task ${family} has ${stopTimeout ?? 30} s to end`),
        command[0] !== "run" || hasHealthCheck ? null : problem("wrong setting", `the task ${family} has no health check`)
      ])
    ]),
    ...deployed.services.map(({ name, task }) =>
      deployed.tasks.has(task) ? null : problem("dangling", `the service ${name} runs ${task}, which is not there`)
    )
  ])

const modeProblems = (deployed: Deployed, { mode }: Expected): ReadonlyArray<Problem> => {
  const runs = deployed.services.filter(
    ({ task, tasks }) => tasks > 0 && deployed.tasks.get(task)?.containers.some(({ command }) => command[0] === "run")
  )
  const readers = deployed.mappings.filter(({ target }) => deployed.functions.get(target)?.file === "consumeStream")
  const managed = ["sendCheckoutDataToFirehouse", "sendStructuredJsonToFirehose", "registerStageObjects", "collectDeadLetters"].filter(
    (file) => functionOf(deployed, file).length === 0
  )
  const has = {
    consumer: runs.length > 0,
    lambda: readers.some(({ isEnabled }) => isEnabled),
    managed: managed.length === 0 && deployed.deliveryStreams.size > 0
  }
  const lacks = (says: string) => problem("wrong mode", `in the mode ${mode} ${says}`)
  return found([
    (mode === "consumer" || mode === "all") && !has.consumer && !(mode === "all" && has.lambda)
      ? lacks("no service runs the consumer")
      : null,
    mode === "lambda" && !has.lambda ? lacks("no mapping brings records of the stream") : null,
    mode === "all" && readers.length === 0 ? lacks("no mapping could take the stream over") : null,
    (mode === "managed" || mode === "all") && !has.managed ? lacks(`there is no ${managed.join(", ") || "delivery stream"}`) : null,
    has.lambda && has.consumer && deployed.streams.size > 0
      ? lacks("both the consumer and the function read the stream, so that all work is done twice")
      : null
  ])
}
