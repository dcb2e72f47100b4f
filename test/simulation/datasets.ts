import { ordersDataset } from "./orders.ts"
import { parcelsDataset } from "./parcels.ts"
import type { SimulatedDataset } from "./shape.ts"

/** Worlds have the first of these, or all. */
export const simulatedDatasets: ReadonlyArray<SimulatedDataset> = [ordersDataset, parcelsDataset]
