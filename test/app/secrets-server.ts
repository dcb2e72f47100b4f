import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** What a secret holds, or the error that is answered. */
export type SimulatedSecret =
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly status: number; readonly error: string; readonly says: string }

export interface SecretsServer {
  readonly endpoint: string
  /** By what they are asked for: ARN or name. One that is not there is answered as Secrets Manager does. */
  readonly secrets: Map<string, SimulatedSecret>
  /** What was asked for, in order. */
  readonly asked: Array<{ readonly secret: string; readonly region: string }>
  readonly stop: () => Promise<void>
}

/** A server of HTTP that speaks as much of Secrets Manager as fetching a secret takes. */
export const startSecrets = async (): Promise<SecretsServer> => {
  const secrets = new Map<string, SimulatedSecret>()
  const asked: Array<{ readonly secret: string; readonly region: string }> = []
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const answer = (status: number, body: unknown) => {
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" })
        response.end(JSON.stringify(body))
      }
      if (request.headers["x-amz-target"] !== "secretsmanager.GetSecretValue") return answer(400, { __type: "UnknownOperationException" })
      const secret = String(JSON.parse(Buffer.concat(chunks).toString()).SecretId)
      const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? ""
      asked.push({ secret, region })
      const found = secrets.get(secret)
      if (found === undefined)
        return answer(400, { __type: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret." })
      if ("error" in found) return answer(found.status, { __type: found.error, Message: found.says })
      const held = "text" in found ? { SecretString: found.text } : { SecretBinary: Buffer.from(found.bytes).toString("base64") }
      answer(200, { ARN: secret, Name: secret, VersionId: "v1", VersionStages: ["AWSCURRENT"], ...held })
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    asked,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      })
  }
}

/** What a process finds of it in its environment. */
export const secretsEnvironment = ({ endpoint }: Pick<SecretsServer, "endpoint">) => ({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "us-east-1"
})
