import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { S3 } from "@aws-sdk/client-s3"
import { freePort } from "../free-port.ts"
import { anyCredentials } from "../store/s3-endpoint.ts"
import { setUpVersitygw } from "./setup.ts"

/** A server that speaks S3 and keeps its objects in a folder: several times as fast as moto, and strict about signatures. */
export interface Versitygw {
  readonly endpoint: string
  /** Makes an empty bucket; gives its name, which is one that no other has unless it is given. */
  readonly bucket: (options?: { readonly isVersioned?: boolean; readonly name?: string }) => Promise<string>
  readonly stop: () => Promise<void>
}

/** What programs need to speak to it. It takes these credentials, and no others. */
export const versitygwEnvironment = { ...anyCredentials, AWS_EC2_METADATA_DISABLED: "true" } as const

/** Starts the server on a folder of its own, which is removed when it stops, and waits until it answers. @param region of its clients */
export const startVersitygw = async (region: string = versitygwEnvironment.AWS_REGION): Promise<Versitygw> => {
  const command = setUpVersitygw()
  const folder = mkdtempSync(join(tmpdir(), "sluice-versitygw-"))
  const [objects, versions] = [join(folder, "objects"), join(folder, "versions")]
  for (const each of [objects, versions]) mkdirSync(each)
  const address = `127.0.0.1:${await freePort()}`
  const endpoint = `http://${address}`
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = versitygwEnvironment
  const child = spawn(
    command,
    ["--port", address, "--region", region, "--health", "/health", "--quiet", "posix", "--versioning-dir", versions, objects],
    { stdio: "ignore", env: { ...process.env, ROOT_ACCESS_KEY: AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: AWS_SECRET_ACCESS_KEY } }
  )
  const closed = once(child, "close")
  let hasEnded = false
  void closed.finally(() => {
    hasEnded = true
  })
  while (
    !(await fetch(`${endpoint}/health`).then(
      ({ ok }) => ok,
      () => false
    ))
  ) {
    if (hasEnded) throw new Error(`${command} ended before it answered`)
    await setTimeout(20)
  }
  const s3 = new S3({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
  })
  return {
    endpoint,
    bucket: async ({ isVersioned = false, name = `lake-${randomUUID()}` } = {}) => {
      await s3.createBucket({ Bucket: name })
      if (isVersioned) await s3.putBucketVersioning({ Bucket: name, VersioningConfiguration: { Status: "Enabled" } })
      return name
    },
    stop: async () => {
      s3.destroy()
      child.kill()
      await closed
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
