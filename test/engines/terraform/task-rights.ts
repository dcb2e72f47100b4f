/** Whether roles of tasks may do what their commands need by the documentation, and nothing else. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { roleMay, roleMayUse } from "./access.ts"
import { documentedCatalogRights, documentedFolders, documentedRights } from "./documented-rights.ts"
import { type Problem, problem } from "./hops.ts"
import { fits } from "./iam.ts"
import type { Deployed, Task } from "./model.ts"
import { lakeOf } from "./places.ts"
import { repository } from "./tofu.ts"

/** Does a condition of the documentation hold for a task? @param flags of its command */
const holds = (
  condition: string,
  { SLUICE_CATALOG, SLUICE_REPARTITION_EVERY, SLUICE_PROJECT = "" }: { readonly [name: string]: string },
  flags: ReadonlyArray<string>
): boolean => {
  switch (condition) {
    case "with `--build`":
      return flags.includes("--build")
    case "where it repartitions itself, and there are models":
      return SLUICE_REPARTITION_EVERY !== "never" && existsSync(join(repository, SLUICE_PROJECT.replace(/^\/sluice\//, ""), "models"))
    case "":
    // The image says at which port.
    case "with `--metrics-port`":
      return true
    case "with `--catalog`":
      return SLUICE_CATALOG === "glue"
    case "where it repartitions itself":
      return SLUICE_REPARTITION_EVERY !== "never"
    default:
      throw new Error(`docs/aws.md has a condition that is not known here: ${condition}`)
  }
}

/** A right of the documentation, and what it is had on here. */
const needsOf = (deployed: Deployed, { containers }: Task): ReadonlyArray<{ readonly action: string; readonly on: string }> => {
  const rights = documentedRights()
  const actions = (name: string): ReadonlyArray<string> => {
    const found = [...rights].find(([right]) => right.startsWith(name))?.[1]
    if (found === undefined || found.size === 0) throw new Error(`docs/aws.md says no right "${name}"`)
    return [...found]
  }
  const { bucket, folder } = lakeOf(deployed)
  const lake = `arn:aws:s3:::${bucket}/${folder}`
  /** Of what is in S3, rights to list are rights to its bucket. */
  const inBucket = (action: string, objects: string) => ({
    action,
    on: action.startsWith("s3:ListBucket") ? (objects.split("/")[0] ?? "") : objects
  })
  return containers.flatMap(({ command, environment }) => {
    const [name, ...flags] = command
    const source = name === "run" ? flags[flags.indexOf("--source") + 1] : undefined
    const raw = [...deployed.buckets.values()].filter(({ name, notifications }) => name !== bucket && notifications.length > 0)
    const queue = [...deployed.queues.values()].find(({ url }) => url === environment["SLUICE_QUEUE"])
    const stream = [...deployed.streams.values()].find((each) => each.name === environment["SLUICE_STREAM"])
    const glue = `arn:aws:glue:${deployed.region}:${deployed.account}`
    const database = environment["SLUICE_GLUE_DATABASE"]
    return [
      ...["read a lake", "write a lake"].flatMap((right) =>
        actions(right).flatMap((action) => (action.startsWith("s3:ListBucket") ? [inBucket(action, lake)] : []))
      ),
      ...documentedFolders(name ?? "").flatMap(({ pattern, condition, actions }) =>
        holds(condition, environment, flags) ? actions.map((action) => ({ action, on: `${lake}${pattern}` })) : []
      ),
      ...(source === "kinesis" && stream !== undefined ? actions("read a stream").map((action) => ({ action, on: stream.arn })) : []),
      ...(source === "sqs" && queue !== undefined ? actions("read a queue").map((action) => ({ action, on: queue.arn })) : []),
      ...(source === "sqs" ? raw.flatMap(({ arn }) => actions("and [the objects]").map((action) => inBucket(action, `${arn}/*`))) : []),
      ...(environment["SLUICE_CATALOG"] === "glue"
        ? [...documentedCatalogRights()]
            // Its database is there.
            .filter((action) => action !== "glue:CreateDatabase")
            .flatMap((action) =>
              [`${glue}:catalog`, `${glue}:database/${database}`, `${glue}:table/${database}/*`].map((on) => ({ action, on }))
            )
        : [])
    ]
  })
}

const problemsOfTask = (deployed: Deployed, task: Task): ReadonlyArray<Problem> => {
  const { family, role } = task
  if (role === null) return []
  const needs = needsOf(deployed, task)
  const { folder } = lakeOf(deployed)
  const context = { "s3:prefix": `${folder}stage/` }
  const narrow = needs.flatMap(({ action, on }) =>
    roleMay(deployed, role, action, on.replaceAll("*", "x"), context)
      ? []
      : [problem("policy too narrow", `the task ${family} may not ${action} on ${on}, which its command needs`)]
  )
  const policy = deployed.roles.get(role)?.policy ?? []
  const wide = policy.flatMap(({ actions, effect, resources }) =>
    effect === "Deny"
      ? []
      : actions.flatMap((action) =>
          resources.flatMap((resource) =>
            (action.startsWith("kms:") && resource.includes(":kms:")) ||
            needs.some((need) => need.action === action && fits(need.on, resource))
              ? []
              : [problem("policy too wide", `the task ${family} may ${action} on ${resource}, which its command does not do`)]
          )
        )
  )
  const keys = [...deployed.buckets.values()].flatMap(({ arn, key, name }) => {
    const does = (action: string) => needs.some((need) => need.action === action && need.on.startsWith(`${arn}/`))
    const wanted = [...(does("s3:GetObject") ? ["kms:Decrypt"] : []), ...(does("s3:PutObject") ? ["kms:GenerateDataKey"] : [])]
    return wanted
      .filter((action) => !roleMayUse(deployed, role, key, action, "s3", { "kms:EncryptionContext:aws:s3:arn": arn }))
      .map((action) => problem("key denied", `the task ${family} may not ${action} with the key of ${name}`))
  })
  return [...narrow, ...wide, ...keys]
}

export const taskRightsProblems = (deployed: Deployed): ReadonlyArray<Problem> =>
  [...deployed.tasks.values()].flatMap((task) => problemsOfTask(deployed, task))
