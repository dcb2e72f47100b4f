/** Whether roles may do what their code does, on what it does it to, and nothing else. */
import { problemsOf as actionProblems } from "../../../src/build/aws-actions.ts"
import type { FunctionEntry } from "../../../src/build/functions.ts"
import { roleMay, roleMayUse } from "./access.ts"
import { type Problem, problem } from "./hops.ts"
import { fits, type Statement } from "./iam.ts"
import type { Deployed, DeployedFunction } from "./model.ts"
import { lakeOf, streamsOf } from "./places.ts"

/** Patterns of what an action of a function is done to, by the words of `functions.json`. */
export type Places = { readonly [on: string]: ReadonlyArray<string> }

/** Folders of a lake, by whose names `functions.json` says what is done to them. */
const folders = ["stage", "consumable", "dead_letters", "runs", "lineage", "structured_json", "errors"]

const placesOf = (deployed: Deployed, called: DeployedFunction): Places => {
  const { account, region } = deployed
  const { bucket, folder } = lakeOf(deployed)
  const lake = `arn:aws:s3:::${bucket}/${folder}`
  const { environment } = called
  const raw = [...deployed.buckets.values()].filter((each) => each.name !== bucket && each.notifications.length > 0).map(({ arn }) => arn)
  const database = environment["SLUICE_GLUE_DATABASE"] ?? "checkout"
  const glue = `arn:aws:glue:${region}:${account}`
  const hasGlue = environment["SLUICE_CATALOG"] === "glue"
  return {
    ...Object.fromEntries(folders.map((each) => [each, [`${lake}${each}/*`]])),
    table_logs: hasGlue ? [`${lake}*/_delta_log/*`] : [],
    probe: [`${lake}.sluice-probe-*`],
    raw: raw.map((arn) => `${arn}/*`),
    stream: deployed.mappings.flatMap(({ source, target }) => (target === called.arn && deployed.streams.has(source) ? [source] : [])),
    streams: [...deployed.deliveryStreams.values()].flatMap(({ arn, name }) =>
      [...streamsOf(environment).values()].includes(name) ? [arn] : []
    ),
    catalog: hasGlue ? [`${glue}:catalog`, `${glue}:database/${database}`, `${glue}:table/${database}/*`] : [],
    mapping: deployed.mappings.flatMap(({ source, target }) => (target === called.arn ? [source] : [])),
    jobs: jobsOf(deployed, called),
    roles: [...deployed.roles.keys()].filter((arn) =>
      [environment["SLUICE_EMR_ROLE"], environment["SLUICE_EMR_SERVICE_ROLE"]].some(
        (each) => each !== undefined && (each === arn || arn.endsWith(`/${each}`))
      )
    ),
    secrets: environment["SLUICE_HASH_KEY_SECRET"] === undefined ? [] : [environment["SLUICE_HASH_KEY_SECRET"]],
    logs: [`arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${called.name}:*`]
  }
}

const jobsOf = (deployed: Deployed, { environment }: DeployedFunction): ReadonlyArray<string> => {
  const engine = environment["SLUICE_ENGINE"]
  const application = `/${environment["SLUICE_EMR_APPLICATION"]}`
  if (engine === "emr-serverless")
    return deployed.applications.filter((arn) => arn.endsWith(application)).flatMap((arn) => [arn, `${arn}/jobruns/*`])
  // Clusters that are not there yet have no names.
  const cluster = environment["SLUICE_EMR_CLUSTER"] ?? "*"
  return engine === "emr" ? [`arn:aws:elasticmapreduce:${deployed.region}:${deployed.account}:cluster/${cluster}`] : []
}

/** Rights to no resource, as AWS has them. */
const unbound = ["elasticmapreduce:ListClusters", "elasticmapreduce:RunJobFlow"]

/** Of what its code could call, a function calls what its settings say: one of both kinds of EMR, and either steps of a cluster that is there, or clusters. */
const isOfSettings = (action: string, { environment }: DeployedFunction): boolean => {
  const { SLUICE_EMR_CLUSTER: cluster, SLUICE_ENGINE: engine } = environment
  if (action.startsWith("emr-serverless:")) return engine === "emr-serverless"
  if (!action.startsWith("elasticmapreduce:")) return true
  if (engine !== "emr") return false
  const never = cluster === undefined ? ["AddJobFlowSteps"] : ["RunJobFlow", "AddTags"]
  return !never.some((each) => action === `elasticmapreduce:${each}`)
}

/** An action, and the patterns of what it is done to. */
interface Need {
  readonly action: string
  readonly on: ReadonlyArray<string>
}

const isOfBucket = (action: string): boolean => action.startsWith("s3:ListBucket")

/** What a function does, and to what. */
export const needsOf = (deployed: Deployed, called: DeployedFunction, entry: FunctionEntry): ReadonlyArray<Need> => {
  const places = placesOf(deployed, called)
  return Object.entries(entry.actions).flatMap(([on, actions]) =>
    actions
      .filter((action) => isOfSettings(action, called))
      .map((action) => {
        const bound = (places[on] ?? []).map((arn) => (isOfBucket(action) ? (arn.split("/")[0] ?? "") : arn))
        return { action, on: unbound.includes(action) ? ["*"] : bound }
      })
  )
}

/** What a pattern stands for, as one of those things. */
const sample = (pattern: string): string => pattern.replaceAll("*", "x")

/** What a call says of itself, where policies ask for it. */
const contextOf = (action: string, deployed: Deployed): { readonly [key: string]: string } =>
  action === "iam:PassRole"
    ? { "iam:PassedToService": deployed.applications.length > 0 ? "emr-serverless.amazonaws.com" : "ec2.amazonaws.com" }
    : isOfBucket(action)
      ? { "s3:prefix": `${lakeOf(deployed).folder}stage/` }
      : {}

/** Rights that a role has on top of those of its calls: to keys, and to where its failures go. */
const isBeside = (deployed: Deployed, called: DeployedFunction, action: string, resource: string): boolean =>
  (action.startsWith("kms:") && (deployed.keys.has(resource) || resource.includes(":kms:"))) ||
  (action === "sqs:SendMessage" && resource === called.onFailure)

/** Pairs of an action and a resource that statements allow. */
const allowed = (policy: ReadonlyArray<Statement>): ReadonlyArray<readonly [string, string]> =>
  policy.flatMap(({ actions, effect, resources }) =>
    effect === "Allow" ? actions.flatMap((action) => resources.map((resource) => [action, resource] as const)) : []
  )

/** What roles of functions may not and must, and what they may and need not. */
const functionRights = (deployed: Deployed, called: DeployedFunction, entry: FunctionEntry): ReadonlyArray<Problem> => {
  const needs = needsOf(deployed, called, entry)
  const policy = deployed.roles.get(called.role)?.policy ?? []
  const narrow = needs.flatMap(({ action, on }) =>
    on.flatMap((pattern) =>
      roleMay(deployed, called.role, action, sample(pattern), contextOf(action, deployed))
        ? []
        : [problem("policy too narrow", `the role of ${called.name} may not ${action} on ${pattern}, which it does`)]
    )
  )
  const wide = allowed(policy).flatMap(([action, resource]) =>
    isBeside(deployed, called, action, resource) ||
    needs.some((need) => need.action === action && need.on.some((pattern) => fits(pattern, resource)))
      ? []
      : [problem("policy too wide", `the role of ${called.name} may ${action} on ${resource}, which it does not do`)]
  )
  return [...narrow, ...wide, ...keyRights(deployed, called, needs), ...callRights(called, entry, policy)]
}

/** Calls that are in the bundle, held against the actions of the role themselves: nothing that the code declares comes between. */
const callRights = (called: DeployedFunction, entry: FunctionEntry, policy: ReadonlyArray<Statement>): ReadonlyArray<Problem> => {
  // What Lambda does as the role is no call of the code, unless that does it too.
  const own = new Set(Object.entries(entry.actions).flatMap(([on, actions]) => (on === "mapping" || on === "logs" ? [] : actions)))
  const ofLambda = new Set([...(entry.actions["mapping"] ?? []), ...(entry.actions["logs"] ?? [])])
  const isOfCode = (action: string) =>
    !action.startsWith("kms:") && action !== "sqs:SendMessage" && (own.has(action) || !ofLambda.has(action))
  const has = new Set(allowed(policy).map(([action]) => action))
  // What is only called in another setting than this one is no right of this role.
  const calls = entry.calls.filter((call) => !isLeftOut(call, called))
  return actionProblems([...has].filter(isOfCode), calls).map((says) =>
    problem(says.includes("no call of it needs") ? "policy too wide" : "policy too narrow", `the role of ${called.name}: ${says}`)
  )
}

const isLeftOut = (call: string, { environment }: DeployedFunction): boolean => {
  const [client = ""] = call.split(".")
  return (
    (client === "glue" && environment["SLUICE_CATALOG"] !== "glue") ||
    (client === "emr" && environment["SLUICE_ENGINE"] !== "emr") ||
    (call === "emr.AddJobFlowSteps" && environment["SLUICE_EMR_CLUSTER"] === undefined) ||
    (call === "emr.RunJobFlow" && environment["SLUICE_EMR_CLUSTER"] !== undefined) ||
    (client === "emr-serverless" && environment["SLUICE_ENGINE"] !== "emr-serverless") ||
    (client === "secrets-manager" && environment["SLUICE_HASH_KEY_SECRET"] === undefined)
  )
}

/** Who reads and writes objects that are encrypted must be able to use their key. */
const keyRights = (deployed: Deployed, called: DeployedFunction, needs: ReadonlyArray<Need>): ReadonlyArray<Problem> =>
  [...deployed.buckets.values()].flatMap(({ arn, key, name }) => {
    const does = (action: string) =>
      needs.some((need) => need.action === action && need.on.some((pattern) => pattern.startsWith(`${arn}/`)))
    const wanted = [...(does("s3:GetObject") ? ["kms:Decrypt"] : []), ...(does("s3:PutObject") ? ["kms:GenerateDataKey"] : [])]
    return wanted
      .filter((action) => !roleMayUse(deployed, called.role, key, action, "s3", { "kms:EncryptionContext:aws:s3:arn": arn }))
      .map((action) => problem("key denied", `the role of ${called.name} may not ${action} with the key of ${name}`))
  })

/** What a service of AWS does by itself, of whose calls nobody else has a list. */
const ofServices = ["arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"]

/** What is wrong with the policies of all roles. */
export const rightsProblems = (deployed: Deployed, entries: ReadonlyArray<FunctionEntry>): ReadonlyArray<Problem> => [
  ...[...deployed.functions.values()].flatMap((called) => {
    const entry = entries.find(({ name }) => name === called.file)
    return entry === undefined ? [] : functionRights(deployed, called, entry)
  }),
  ...[...deployed.roles.values()].flatMap(({ foreign, name, policy }) => [
    ...foreign
      .filter((arn) => !ofServices.includes(arn))
      .map((arn) => problem("policy too wide", `the role ${name} has ${arn}, which is AWS's and not of this configuration`)),
    ...allowed(policy).flatMap(([action]) => (action.includes("*") ? [problem("policy too wide", `the role ${name} may ${action}`)] : []))
  ])
]
