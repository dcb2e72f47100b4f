import { parseArgs } from "node:util"
import { type Difference, describeDifference, runRace } from "./equality.ts"
import { makePools } from "./record-pool.ts"

// node test/decode/long-equality.ts [--records 1000000] [--from 1]
// Races of the fast path of decoding against the definition, until so many records were decoded. Exit code 1: they differ.

const { values } = parseArgs({ options: { records: { type: "string", default: "1000000" }, from: { type: "string", default: "1" } } })
const wanted = Number(values.records)
const first = Number(values.from)
if (!(wanted > 0) || !Number.isSafeInteger(first)) throw new RangeError("--records takes a positive number, --from an integer")

/** More than this are seldom of different causes. */
const mostDifferences = 20

const pools = await makePools()
const started = performance.now()
const seconds = () => (performance.now() - started) / 1000
const differences: Array<Difference> = []
let records = 0
let rows = 0
let bytes = 0
let rowsByBytes = 0
let told = 0
let race = first
for (; records < wanted && differences.length < mostDifferences; race++) {
  const outcome = runRace(race, pools)
  records += outcome.records
  rows += outcome.counts.rows
  bytes += outcome.bytes
  rowsByBytes += outcome.rowsByBytes
  for (const difference of outcome.differences) console.error(describeDifference(difference))
  differences.push(...outcome.differences)
  if (seconds() < told + 10) continue
  told = seconds()
  console.error(`${records} of ${wanted} records, race ${race}, ${differences.length} differences, ${told.toFixed(0)} s`)
}
const megabytes = (bytes / 1e6).toFixed(0)
const rate = (records / seconds()).toFixed(0)
console.log(
  `${records} records (${megabytes} MB; ${rows} rows, ${rowsByBytes} of them by bytes) in races ${first} to ${race - 1}: ${differences.length} differences, ${rate} records per second, ${seconds().toFixed(0)} s`
)
process.exitCode = differences.length > 0 ? 1 : 0
