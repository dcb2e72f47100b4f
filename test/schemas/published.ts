import { existsSync, readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

const folder = resolve(import.meta.dirname, "../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "vtex/openapi")

/** Are the documents that VTEX publishes on this machine? */
export const published = existsSync(folder)
if (!published) console.warn(`Skipped: no published orders in ${folder}; set SLUICE_TEST_DATA.`)

export interface Json {
  readonly [key: string]: unknown
}

export const readBytes = (file: string): Uint8Array => readFileSync(`${folder}/${file}`)
export const read = (file: string): Json => JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))

/** Every order document that VTEX publishes, by name. */
export const publishedOrders = (): ReadonlyArray<readonly [name: string, document: Json]> =>
  published
    ? [
        ...readdirSync(folder)
          .filter((file) => file.startsWith("order__"))
          .map((file) => [file.slice("order__".length, -".json".length), read(file)] as const),
        ...["checkout-place-order-response", "checkout-transaction-response"].flatMap((name) =>
          (read(`${name}.json`)["orders"] as ReadonlyArray<Json>).map((order, i) => [`${name} ${i}`, order] as const)
        )
      ]
    : []
