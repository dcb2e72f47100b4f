import { spawn } from "node:child_process"
import { once } from "node:events"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand
} from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import type { Shard } from "../../src/stream/kinesis/api.ts"
import { shardOf } from "../../src/stream/kinesis/aws-kinesis.ts"
import { freePort } from "../free-port.ts"

/** A running kinesis-local, which speaks the wire format of Kinesis. It forgets everything when it stops. */
export interface Emulator {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly createStream: (stream: string, shards: number) => Promise<void>
  readonly deleteStream: (stream: string) => Promise<void>
  readonly listShards: (stream: string) => Promise<ReadonlyArray<Shard>>
  /** @param at the first hash key of the second child, as decimal digits */
  readonly splitShard: (stream: string, shardId: string, at: string) => Promise<void>
  readonly mergeShards: (stream: string, shardId: string, adjacentShardId: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** What every client of the emulator needs; anything will do. */
export const emulatorEnvironment = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" }

/** Starts kinesis-local on free ports of the loopback interface, and waits until it answers. Takes two to four seconds. */
export const startKinesisLocal = async (): Promise<Emulator> => {
  const folder = dirname(fileURLToPath(import.meta.resolve("kinesis-local/package.json")))
  const [port, tlsPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ["main.js"], {
    // It reads its certificate beside itself.
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      LOG_LEVEL: "ERROR",
      CREATE_STREAM_DURATION: "10ms",
      DELETE_STREAM_DURATION: "10ms",
      SPLIT_SHARD_DURATION: "10ms",
      MERGE_SHARDS_DURATION: "10ms",
      SHARD_LIMIT: "5000"
    },
    stdio: ["ignore", "ignore", "pipe"]
  })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000)
  })
  // Neither this process nor a test that forgets it keeps it alive.
  const kill = () => child.kill("SIGKILL")
  process.once("exit", kill)
  const endpoint = `http://127.0.0.1:${port}`
  // It says neither that it listens nor, below, that a stream has changed: it is asked, and left alone in between.
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null) {
      kill()
      throw new Error(`kinesis-local does not start: ${said}`)
    }
    await sleep(50)
  }

  const client = new KinesisClient({
    endpoint,
    region: emulatorEnvironment.AWS_REGION,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    requestHandler: new NodeHttpHandler({ requestTimeout: 120_000, throwOnRequestTimeout: true })
  })
  /** Changes of a stream take a while; nothing else can be changed before. */
  const active = async (stream: string): Promise<void> => {
    for (;;) {
      const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: stream }))
      if (summary?.StreamStatus === "ACTIVE") return
      await sleep(10)
    }
  }
  return {
    endpoint,
    createStream: async (stream, shards) => {
      await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }))
      await active(stream)
    },
    deleteStream: async (stream) => {
      await client.send(new DeleteStreamCommand({ StreamName: stream }))
    },
    listShards: async (stream) => (await client.send(new ListShardsCommand({ StreamName: stream }))).Shards?.map(shardOf) ?? [],
    splitShard: async (stream, shardId, at) => {
      await client.send(new SplitShardCommand({ StreamName: stream, ShardToSplit: shardId, NewStartingHashKey: at }))
      await active(stream)
    },
    mergeShards: async (stream, shardId, adjacentShardId) => {
      await client.send(new MergeShardsCommand({ StreamName: stream, ShardToMerge: shardId, AdjacentShardToMerge: adjacentShardId }))
      await active(stream)
    },
    stop: async () => {
      client.destroy()
      process.removeListener("exit", kill)
      if (child.exitCode !== null) return
      const exited = once(child, "exit")
      kill()
      await exited
    }
  }
}

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    return (await fetch(`${endpoint}/healthcheck`)).ok
  } catch {
    return false
  }
}
