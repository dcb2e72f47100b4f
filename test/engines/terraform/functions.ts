/** The deployed functions, as Lambda runs them: each with its own environment, time and role. */
import { call, type Handler } from "../managed/deliveries.ts"
import type { Endpoints } from "./endpoints.ts"
import type { Deployed, DeployedFunction } from "./model.ts"

/** Sets what a process has in its environment: what a function has of another one is taken away. */
const setEnvironment = (environment: { readonly [name: string]: string }): void => {
  for (const name of Object.keys(process.env)) if (name.startsWith("SLUICE_") || name.startsWith("AWS_ENDPOINT")) delete process.env[name]
  Object.assign(process.env, environment)
}

/** Takes what functions had in their environment away. */
const leave = (): void => setEnvironment({})

/** Calls functions. Those of one function may be at work at once; different ones share this process, and so its environment: one after the other. */
export const functionCaller = (deployed: Deployed, endpoints: Endpoints, more: { readonly [name: string]: string }) => {
  const handlers = new Map<string, Handler>()
  /** Makes this process that of a function. */
  const become = async (
    arn: string
  ): Promise<{ readonly called: DeployedFunction; readonly invoke: (event: unknown) => Promise<unknown> }> => {
    const called = deployed.functions.get(arn)
    if (called === undefined) throw new Error(`there is no function ${arn}`)
    setEnvironment({ ...more, ...called.environment, ...(await endpoints.of(called.role)) })
    const known = handlers.get(called.file)
    const handler: Handler = known ?? (await import(`../../../src/lambda/${called.file}.ts`)).handler
    handlers.set(called.file, handler)
    return { called, invoke: (event) => call(handler, event, called.timeout * 1000) }
  }
  return { become, leave }
}

export type FunctionCaller = ReturnType<typeof functionCaller>
