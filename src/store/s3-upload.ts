import type { CompletedPart } from "@aws-sdk/client-s3"
import { Effect, Fiber, type Scope, type Semaphore } from "effect"
import { randomUuid } from "../record/random.ts"
import { type Failed, failure, type S3Client } from "./s3-client.ts"
import type { StoreError, Upload } from "./store.ts"

/** Bytes of a part. S3 wants 5 MiB at least, and takes 10,000 parts: an object of 80 GB. */
export const partBytes = 8 * 1024 * 1024

/** Parts of all uploads of a store that are on their way at a time; each is in memory until it has arrived. */
export const partsInFlight = 4

/** Name of the object's metadata by which an upload recognizes what it finished. */
const uploadMark = "sluice-upload"

/** Of the parts. Said of the upload, too: one that was begun without it may not know, at its completion, parts that have it. */
const ChecksumAlgorithm = "CRC32"

/** The digests that S3 wants to hear again: which there is depends on the client's settings. */
type Answer = Omit<CompletedPart, "PartNumber">

/**
 * Sends an object while it is being made: a single put as long as it fits one part, else part by part. Memory: what waits for a full part, one
 * part at most, and `partsInFlight` parts over all uploads. Until it is finished S3 shows nothing; if the scope closes before, the parts are
 * removed (what a crash leaves of them, `sweep` removes).
 */
export const openUpload = (client: S3Client, key: string, permits: Semaphore.Semaphore): Effect.Effect<Upload, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const mark = yield* randomUuid
    const where = { Bucket: client.bucket, Key: client.prefix + key }
    const sent: Array<Fiber.Fiber<CompletedPart, Failed>> = []
    let buffer = Buffer.alloc(0)
    let filled = 0
    let size = 0
    let uploadId: string | null = null
    let finished = false
    let trouble: Failed | null = null

    // Parts on their way are stopped before this runs: finalizers run last in, first out.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        if (uploadId === null || finished) return Effect.void
        const UploadId = uploadId
        return Effect.ignore(client.call((s3, options) => s3.abortMultipartUpload({ ...where, UploadId }, options)))
      })
    )

    const begin = Effect.uninterruptible(
      Effect.map(
        client.call((s3, options) =>
          s3.createMultipartUpload({ ...where, ...client.encryption, ChecksumAlgorithm, Metadata: { [uploadMark]: mark } }, options)
        ),
        ({ UploadId = "" }) => {
          uploadId = UploadId
          return UploadId
        }
      )
    )

    const sendPart = (UploadId: string, PartNumber: number, Body: Uint8Array): Effect.Effect<CompletedPart, Failed> =>
      client
        .call((s3, options) => s3.uploadPart({ ...where, UploadId, PartNumber, Body, ChecksumAlgorithm }, options))
        .pipe(
          Effect.map((answer) => ({ ...digests(answer), PartNumber })),
          Effect.tapError((failed) =>
            Effect.sync(() => {
              trouble ??= failed
            })
          )
        )

    /** Sends off what is in the buffer as the next part, as soon as few enough are on their way. */
    const flush = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const id: string = uploadId ?? (yield* begin)
        yield* restore(permits.take(1))
        const part = sendPart(id, sent.length + 1, buffer.subarray(0, filled))
        // It starts at once: one that is interrupted before it starts would never give its permit back.
        sent.push(yield* Effect.forkIn(Effect.ensuring(restore(part), permits.release(1)), scope, { startImmediately: true }))
        buffer = Buffer.alloc(0)
        filled = 0
      })
    )

    /** Small objects, of which many may be begun, cost what they hold. */
    const withRoom = (bytes: number): Buffer<ArrayBuffer> => {
      if (buffer.byteLength >= Math.min(bytes, partBytes)) return buffer
      const grown = Buffer.allocUnsafeSlow(uploadId !== null ? partBytes : Math.min(partBytes, Math.max(bytes, 2 * buffer.byteLength)))
      grown.set(buffer.subarray(0, filled))
      return grown
    }

    const write = (bytes: Uint8Array): Effect.Effect<void, Failed> =>
      Effect.gen(function* () {
        let rest = bytes
        while (rest.byteLength > 0) {
          if (trouble !== null) return yield* Effect.fail(trouble)
          if (filled === partBytes) yield* flush
          buffer = withRoom(filled + rest.byteLength)
          const taken = Math.min(rest.byteLength, partBytes - filled)
          buffer.set(rest.subarray(0, taken), filled)
          filled += taken
          size += taken
          rest = rest.subarray(taken)
        }
      })

    /** Whether the object is there although its completion failed: the answer may have got lost, and the next attempt found no upload. */
    const isOurs = client
      .call((s3, options) => s3.headObject(where, options))
      .pipe(
        Effect.map(({ Metadata }) => Metadata?.[uploadMark] === mark),
        Effect.orElseSucceed(() => false)
      )

    const complete = (UploadId: string): Effect.Effect<void, Failed> =>
      Effect.gen(function* () {
        if (filled > 0) yield* flush
        const Parts = yield* Effect.forEach(sent, (part) => Fiber.join(part))
        yield* client
          .call((s3, options) => s3.completeMultipartUpload({ ...where, UploadId, MultipartUpload: { Parts } }, options))
          .pipe(Effect.catch((failed) => Effect.flatMap(isOurs, (ours) => (ours ? Effect.void : Effect.fail(failed)))))
      })

    const finish = Effect.suspend(() =>
      uploadId !== null
        ? complete(uploadId)
        : client.call((s3, options) => s3.putObject({ ...where, ...client.encryption, Body: buffer.subarray(0, filled) }, options))
    ).pipe(
      Effect.map(() => {
        finished = true
        buffer = Buffer.alloc(0)
        return { size }
      })
    )
    return {
      write: (bytes) => Effect.mapError(write(bytes), failure("upload", key, false)),
      finish: Effect.mapError(finish, failure("upload", key, true))
    }
  })

const digests = ({ ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 }: Answer): Answer => {
  const all = { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
