/**
 * Preloaded before AWS's own client of the runtime API, `aws-lambda-ric`: its native part, which needs a compiler, is four calls over HTTP. They stand here in its
 * place; all else is what runs in Lambda.
 */
import { Agent, request } from "node:http"
import Module, { createRequire } from "node:module"

const [hostname, port] = (process.env["AWS_LAMBDA_RUNTIME_API"] ?? "").split(":")
const agent = new Agent({ keepAlive: true })

const call = (method: "GET" | "POST", path: string, body?: string, headers: Readonly<Record<string, string>> = {}) =>
  new Promise<{ readonly bodyJson: string; readonly headers: object }>((done, fail) => {
    const options = { hostname, port, path: `/2018-06-01/runtime/${path}`, method, agent }
    const sent = request({ ...options, headers: { "content-type": "application/json", ...headers } }, (response) => {
      let bodyJson = ""
      response.setEncoding("utf8").on("data", (text: string) => {
        bodyJson += text
      })
      response.on("end", () => done({ bodyJson, headers: response.headers }))
    })
    sent.on("error", fail)
    sent.end(body)
  })

let posted: Promise<unknown> = Promise.resolve()
const client = {
  next: async () => {
    await posted
    return call("GET", "invocation/next")
  },
  done: (id: string, body: string) => {
    posted = call("POST", `invocation/${id}/response`, body)
  },
  error: (id: string, body: string) => {
    posted = call("POST", `invocation/${id}/error`, body, {
      "lambda-runtime-function-error-type": JSON.parse(body).errorType ?? "Unhandled"
    })
  }
}

/** Both are Node's own, and not among its types. */
interface Loader {
  _extensions: { ".node": (module: { exports: unknown }, file: string) => void }
  _resolveFilename: (name: string, ...rest: ReadonlyArray<unknown>) => string
}
const loader = Module as unknown as Loader
const { dlopen } = process
const resolve = loader._resolveFilename
const name = "rapid-client.node"
loader._extensions[".node"] = (module, file) => {
  if (file.endsWith(name)) module.exports = client
  else dlopen(module, file)
}
loader._resolveFilename = (asked, ...rest) =>
  asked.endsWith(name)
    ? createRequire(import.meta.url)
        .resolve("./ric-client.ts")
        .replace(/[^/]*$/, name)
    : resolve(asked, ...rest)
