import { KinesisError, type KinesisReason } from "../kinesis/api.ts"
import type { DiskError, DiskReason } from "./disk.ts"

/** Name of the source that reads local streams, as records and positions have it. */
export const localSourceName = "stream"

/** What to do about what the disk said. */
const kinds: Readonly<Record<DiskReason, readonly [KinesisReason, string, string]>> = {
  NotFound: ["NotFound", "A file of the stream is not there", "Was the folder moved or removed? Give its path, and run again."],
  Denied: ["Denied", "The disk does not permit it", "Give this user read and write permission on the folder of the stream."],
  Full: [
    "Unavailable",
    "No space is left on the disk of the stream, so nothing of the call was stored",
    "Free space on this disk, or keep less (--stream-retention, --stream-bytes): what was acknowledged is safe, and records are taken again as soon as there is space."
  ],
  Locked: [
    "Denied",
    "Another process puts into the stream, which takes records from one at a time",
    "Stop the other one, or put through it."
  ],
  Failed: ["Unavailable", "The disk failed", "Look at the system log before anything else: what was acknowledged was on the disk."]
}

/** @param stream as the caller names it */
export const fromDisk = (operation: string, stream: string, cause: DiskError): KinesisError => {
  const [reason, detail, hint] = kinds[cause.reason]
  return new KinesisError({ operation, stream, reason, detail: `${detail} (${cause.message})`, hint, cause })
}

export const notThere = (operation: string, stream: string): KinesisError =>
  new KinesisError({
    operation,
    stream,
    reason: "NotFound",
    detail: "There is no stream in this folder",
    hint: "The first put makes it: `sluice collect --to DIR` or `sluice put --to DIR`. Check the path."
  })

export const invalid = (operation: string, stream: string, detail: string): KinesisError =>
  new KinesisError({ operation, stream, reason: "Invalid", detail })

/** Something that was acknowledged cannot be read. Never passed over in silence. @param where file, and byte where it is known */
export const damaged = (operation: string, stream: string, where: string, detail: string): KinesisError =>
  new KinesisError({
    operation,
    stream,
    reason: "Invalid",
    detail: `The stream is damaged at ${where}: ${detail}`,
    hint: "Put the file back from a copy. Without one, `sluice mend --stream DIR --dry-run` says what is lost, and without --dry-run sets it aside; docs/stream.md says more."
  })
