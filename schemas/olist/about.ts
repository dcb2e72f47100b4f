import { type ContractDefinition, csv, type TimestampOptions } from "../../src/contract/index.ts"

/** What all files of the data set have in common. It was published once, so nothing is said of how often new files come. */
export const about = {
  owner: "marketplace-team",
  steward: "data-office",
  sourceSystem: "Olist's public data set of Brazilian orders",
  costTag: "olist",
  format: csv(),
  drops: [],
  keepUnknown: true
} as const satisfies Partial<ContractDefinition>

/**
 * Files of a table, as they are published, and as a later export of it is called: `olist_orders_dataset_20240203131500.csv`. No field says when a
 * row last changed. So of several copies the one of the latest export counts, in whatever order files come, and those without a time in their
 * name are as old as they were written.
 */
export const filesOf = (table: string): ReadonlyArray<string> => [`${table}.csv`, `${table}_*.csv`]

/** Times name no zone. They are local: fewest orders come at five in the morning, and none in the hours that the clocks there left out. */
export const local: TimestampOptions = { zone: "America/Sao_Paulo" }
