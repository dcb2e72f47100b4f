import type { S3 } from "@aws-sdk/client-s3"
import { generateOrders } from "../../../src/generate/generate.ts"
import { Ledger, type Manifest } from "../../../src/generate/ledger.ts"
import { settingsOf } from "../../../src/generate/options.ts"
import { Random } from "../../../src/record/seeded.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"

export interface RawData {
  /** In the order in which they were written. */
  readonly objects: ReadonlyArray<ObjectVersion>
  /** What must come of them. */
  readonly expected: Manifest["expected"]
}

/** Of so many orders some objects have keys that no dataset takes. */
const unwantedShare = 0.03

const atOnce = 24

/**
 * Writes orders into a bucket, each version an object of its own, as a shop's checkout does.
 *
 * @param dirt share of records that are bad, doubled or late
 */
export const writeRawObjects = async (s3: S3, bucket: string, orders: number, seed: number, dirt: number): Promise<RawData> => {
  const options = { orders, seed, dirt, hours: 3 }
  const ledger = new Ledger()
  const random = new Random(seed, 77)
  const objects: Array<ObjectVersion> = []
  let writing: Array<Promise<void>> = []
  let n = 0
  const put = (key: string, content: Uint8Array, writtenAt: number) => {
    const i = objects.length
    const sequencer = (0x61000000 + i).toString(16).toUpperCase().padStart(18, "0")
    objects.push({ key, content, etag: "", versionId: null, sequencer, writtenAt })
    writing.push(
      s3.putObject({ Bucket: bucket, Key: key, Body: content }).then(({ ETag = "", VersionId = null }) => {
        objects[i] = { key, content, etag: ETag.replaceAll('"', ""), versionId: VersionId, sequencer, writtenAt }
      })
    )
  }
  for (const record of generateOrders(options)) {
    ledger.add(record)
    // Names as shops have them, and such as need care.
    const name = random.pick([`v ${n}`, `v+${n}`, `vé%${n}`, `${n}`, `${n}`, `${n}`])
    put(`raw/CheckoutOrder/id/${n}/${name}.json`, record.bytes, record.arrivedAt)
    if (random.chance(unwantedShare)) put(`raw/CheckoutOrder/index/${n}.json`, record.bytes, record.arrivedAt)
    n++
    if (writing.length >= atOnce) {
      await Promise.all(writing)
      writing = []
    }
  }
  await Promise.all(writing)
  return { objects, expected: ledger.manifest(settingsOf(options), []).expected }
}
