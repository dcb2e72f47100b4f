import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { definition } from "../contract/parcels.ts"
import { pageOf } from "../decode/support.ts"

const { label: _label, checksum: _checksum, ...fields } = definition.fields

/** Parcels without what Firehose cannot hold. */
export const fittingParcels = compileContract(defineContract({ ...definition, fields }))

export const parcelPage = () =>
  pageOf(
    Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ carrier: "dhl", parcelNumber: i, revision: 1, scannedAt: 1707252371701 + i, weight: "1,5" })
    )
  )
