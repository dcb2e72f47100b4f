/**
 * What Lambda's own client does in a process of Node: loads `_HANDLER` of `LAMBDA_TASK_ROOT`, asks the runtime API for an event, calls, and posts what comes of it.
 * `npm run test:engines` runs the same functions under the real one.
 */
import { request } from "node:http"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const { AWS_LAMBDA_RUNTIME_API: api = "", _HANDLER: handlerName = "", LAMBDA_TASK_ROOT: root = "" } = process.env
const [host, port] = api.split(":")

const call = (method: "GET" | "POST", path: string, body?: string) =>
  new Promise<{ readonly headers: NodeJS.Dict<string | string[]>; readonly text: string }>((done, fail) => {
    const sent = request({ host, port, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => done({ headers: response.headers, text: Buffer.concat(chunks).toString() }))
    })
    sent.on("error", fail)
    sent.end(body)
  })

const told = (error: unknown): string =>
  JSON.stringify(
    error instanceof Error
      ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") }
      : { errorType: "unknown", errorMessage: String(error), trace: [] }
  )

const load = async () => {
  const [module = "", name = ""] = handlerName.split(".")
  const handler: unknown = (await import(pathToFileURL(join(root, `${module}.mjs`)).href))[name]
  if (typeof handler !== "function" || handler.length > 2) throw new Error(`${handlerName} is no function of two arguments`)
  return handler
}

const main = async () => {
  const handler = await load().catch(async (error: unknown) => {
    await call("POST", "init/error", told(error))
    process.exit(1)
  })
  for (;;) {
    const { headers, text } = await call("GET", "invocation/next")
    const id = String(headers["lambda-runtime-aws-request-id"])
    const deadline = Number(headers["lambda-runtime-deadline-ms"])
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() }
    try {
      const answer: unknown = await handler(JSON.parse(text), context)
      await call("POST", `invocation/${id}/response`, JSON.stringify(answer ?? null))
    } catch (error) {
      await call("POST", `invocation/${id}/error`, told(error))
    }
  }
}

await main()
