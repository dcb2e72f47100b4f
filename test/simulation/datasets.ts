import { ordersDataset } from "./orders.ts"
import { parcelsDataset } from "./parcels.ts"
import type { SimulatedDataset } from "./shape.ts"
import { stockDataset } from "./stock.ts"

/** Worlds have the first of these, the first two, or all. */
export const simulatedDatasets: ReadonlyArray<SimulatedDataset> = [ordersDataset, parcelsDataset, stockDataset]
