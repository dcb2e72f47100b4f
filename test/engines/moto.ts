import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { anyCredentials } from "../store/s3-endpoint.ts"
import { setUpMoto } from "./setup.ts"

/** A server that stands in for AWS, on a port of its own. */
export interface Moto {
  readonly endpoint: string
  /** Makes an empty bucket; gives its name. */
  readonly bucket: () => Promise<string>
  readonly stop: () => Promise<void>
}

/** What programs need to speak to it: it takes any credentials. */
export const motoEnvironment = {
  ...anyCredentials,
  AWS_EC2_METADATA_DISABLED: "true"
} as const

/** Starts moto's server and waits until it listens. */
export const startMoto = async (): Promise<Moto> => {
  const child = spawn(setUpMoto(), ["-H", "127.0.0.1", "-p", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...motoEnvironment, PYTHONUNBUFFERED: "1" }
  })
  const lines = createInterface({ input: child.stderr })
  const endpoint = await new Promise<string>((found, failed) => {
    const said: Array<string> = []
    lines.on("line", (line) => {
      if (said.length < 50) said.push(line)
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (url !== undefined) found(url)
    })
    child.on("error", failed)
    child.on("close", (code) => failed(new Error(`moto ended with ${code}:\n${said.join("\n")}`)))
  })
  return {
    endpoint,
    bucket: async () => {
      const name = `lake-${randomUUID()}`
      const { status } = await fetch(`${endpoint}/${name}`, { method: "PUT" })
      if (status !== 200) throw new Error(`moto made no bucket: ${status}`)
      return name
    },
    stop: async () => {
      const closed = once(child, "close")
      child.kill()
      await closed
    }
  }
}
