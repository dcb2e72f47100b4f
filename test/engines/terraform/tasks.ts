/** Tasks of ECS: the command in their image is the one of the repository, with the environment and the rights of the task. */
import { start } from "../../cli/sluice.ts"
import { roleMay } from "./access.ts"
import type { Endpoints } from "./endpoints.ts"
import type { Deployed, Task } from "./model.ts"
import { repository } from "./tofu.ts"

const taskOf = ({ tasks }: Deployed, arn: string): Task => {
  const task = tasks.get(arn)
  if (task === undefined) throw new Error(`there is no task ${arn}`)
  return task
}

/** What secrets hold, in this world. */
export const hashKey = "a key for tests of what is deployed"

/**
 * Starts a task.
 *
 * @param more variables for this machine alone
 */
export const startTask = async (deployed: Deployed, endpoints: Endpoints, arn: string, more: { readonly [name: string]: string } = {}) => {
  const { containers, executionRole, family, role } = taskOf(deployed, arn)
  const [container] = containers
  if (container === undefined || role === null || executionRole === null) throw new Error(`the task ${family} has no container, or no role`)
  const { command, environment, secrets } = container
  for (const from of Object.values(secrets))
    if (!roleMay(deployed, executionRole, "secretsmanager:GetSecretValue", from))
      throw new Error(`the task ${family} does not start: ${executionRole} may not read ${from}`)
  const served = await endpoints.of(role)
  // The queue's URL says where SQS is.
  const queue = environment["SLUICE_QUEUE"]
  const here = queue === undefined ? {} : { SLUICE_QUEUE: `${served["AWS_ENDPOINT_URL_SQS"]}${new URL(queue).pathname}` }
  // What the image has at /sluice is the repository.
  const project = (environment["SLUICE_PROJECT"] ?? "").replace(/^\/sluice\//, `${repository}/`)
  const held = Object.fromEntries(Object.keys(secrets).map((name) => [name, hashKey]))
  return start(command, { ...environment, SLUICE_PROJECT: project, ...held, ...served, ...here, ...more })
}

/** Runs a task to its end, which must be a good one. */
export const runToEnd = async (deployed: Deployed, endpoints: Endpoints, arn: string): Promise<void> => {
  const { child, done } = await startTask(deployed, endpoints, arn)
  child.stdin?.end()
  const { code, stderr } = await done
  if (code !== 0) throw new Error(`${arn} ended with ${code}: ${stderr}`)
}
