/**
 * What a load needs and costs, worked out from measured rates and from prices. Arithmetic alone: nothing is measured here, and nothing is known of a
 * cloud but what is put in. Rates are of one core and hold for as many cores as they were measured on; beyond that they are an assumption, and the result
 * says so.
 */
export interface SizingInput {
  /** Where the numbers of each part come from, for people. */
  readonly from: Readonly<Record<string, string>>
  readonly load: {
    /** Rows that come of an order: how often it changes, and copies. */
    readonly rowsPerOrder: number
    readonly rawBytesPerRow: number
    readonly stageBytesPerRow: number
    readonly consumableBytesPerRow: number
    /** Busiest hour over the average one. */
    readonly peak: number
  }
  /** Share of an hour in which an hour's rows are to be folded: what is left is for what comes late, retries, and growth. */
  readonly window: number
  readonly ingest: { readonly rawBytesPerCoreSecond: number }
  readonly embedded: Engine & { readonly measuredCores: number; readonly mostCores: number; readonly gigabytesPerCore: number }
  readonly spark: Engine & { readonly gigabytesPerCore: number; readonly leastCores: number }
  readonly prices: {
    /** Of one currency, whichever it is. */
    readonly taskCoreHour: number
    readonly taskGigabyteHour: number
    readonly sparkCoreHour: number
    readonly sparkGigabyteHour: number
    readonly storedGigabyteMonth: number
  }
}

interface Engine {
  readonly rowsPerCoreSecond: number
  /** From the trigger to the first row, however little there is. */
  readonly startSeconds: number
}

export interface Size {
  readonly ordersPerDay: number
  readonly rowsPerDay: number
  readonly busiestHourRows: number
  /** Cores that decode in the busiest hour, at a load of two thirds. */
  readonly ingestCores: number
  readonly embedded: EngineSize & { readonly fits: "yes" | "beyond what was measured" | "no" }
  readonly spark: EngineSize
  /** What an hour's rows are best folded by. */
  readonly engine: "embedded" | "spark"
  /** Of stage and consumable, a month's rows. */
  readonly storedGigabytesPerMonth: number
  readonly ingestCostPerDay: number
  readonly storageCostPerMonth: number
}

export interface EngineSize {
  /** Cores with which the busiest hour is done within the window. */
  readonly cores: number
  /** Seconds that the busiest hour takes with them, start-up included. */
  readonly busiestSeconds: number
  /** Of a day of average hours, for the time in which it works alone. */
  readonly costPerDay: number
}

const hour = 3600
const ingestLoad = 2 / 3

const engineSize = (
  { rowsPerCoreSecond, startSeconds }: Engine,
  rows: { readonly day: number; readonly busiestHour: number },
  window: number,
  leastCores: number,
  coreHour: number
): EngineSize => {
  const seconds = Math.max(1, window * hour - startSeconds)
  const cores = Math.max(leastCores, Math.ceil(rows.busiestHour / (rowsPerCoreSecond * seconds)))
  const busiestSeconds = startSeconds + rows.busiestHour / (rowsPerCoreSecond * cores)
  const coreSeconds = 24 * startSeconds * cores + rows.day / rowsPerCoreSecond
  return { cores, busiestSeconds, costPerDay: (coreSeconds / hour) * coreHour }
}

/** @param ordersPerDay more than 0 */
export const sizeOf = (input: SizingInput, ordersPerDay: number): Size => {
  const { load, window, ingest, embedded, spark, prices } = input
  const day = ordersPerDay * load.rowsPerOrder
  const busiestHour = (day / 24) * load.peak
  const ingestCore = prices.taskCoreHour + embedded.gigabytesPerCore * prices.taskGigabyteHour
  const own = engineSize(embedded, { day, busiestHour }, window, Math.min(2, embedded.measuredCores), ingestCore)
  const other = engineSize(
    spark,
    { day, busiestHour },
    window,
    spark.leastCores,
    prices.sparkCoreHour + spark.gigabytesPerCore * prices.sparkGigabyteHour
  )
  const fits = own.cores <= embedded.measuredCores ? "yes" : own.cores <= embedded.mostCores ? "beyond what was measured" : "no"
  const ingestCores = Math.max(1, Math.ceil((busiestHour * load.rawBytesPerRow) / hour / ingest.rawBytesPerCoreSecond / ingestLoad))
  const storedGigabytesPerMonth = (30 * day * (load.stageBytesPerRow + load.consumableBytesPerRow)) / 1e9
  return {
    ordersPerDay,
    rowsPerDay: day,
    busiestHourRows: busiestHour,
    ingestCores,
    embedded: { ...own, fits },
    spark: other,
    engine: fits === "no" ? "spark" : "embedded",
    storedGigabytesPerMonth,
    ingestCostPerDay: ingestCores * 24 * ingestCore,
    storageCostPerMonth: storedGigabytesPerMonth * prices.storedGigabyteMonth
  }
}

/** Orders a day up to which the embedded engine, with this many cores, folds the busiest hour within the window. */
export const mostOrdersPerDay = ({ load, window, embedded }: SizingInput, cores: number): number =>
  ((embedded.rowsPerCoreSecond * cores * Math.max(0, window * hour - embedded.startSeconds)) / load.peak) * (24 / load.rowsPerOrder)
