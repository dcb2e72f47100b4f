import { createHash } from "node:crypto"

/**
 * A run identifier that a retry of the same work gives again, so that lineage shows one run and not two: a UUID of version 7 (RFC 9562)
 * whose time is the work's own time and whose random bits are a hash of what the work is.
 *
 * @param millis time of the work, milliseconds since 1970: for a batch, the arrival of its first record
 * @param job what is done, e.g. `orders.ingest`
 * @param work what it is done to, the table among it: the same shard from the same position goes into more than one lake
 */
export const deterministicRunId = (millis: number, job: string, work: string): string => {
  const hash = createHash("sha1").update(job).update("\0").update(work).digest()
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(Math.max(0, Math.floor(millis)), 0, 6)
  hash.copy(bytes, 6, 0, 10)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
