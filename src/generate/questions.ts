/** The dataset that generated records belong to. */
export const generatedDataset = "checkout"

/** What a lake of generated records can be asked, in SQL. */
export const questions: ReadonlyArray<string> = [
  "SELECT hostname, count(*) AS versions, sum(value)/100 AS revenue FROM consumable_checkout GROUP BY ALL ORDER BY revenue DESC LIMIT 5",
  "SELECT status, count(*) AS orders FROM (SELECT DISTINCT ON (order_id) * FROM consumable_checkout ORDER BY order_id, last_change DESC) GROUP BY ALL ORDER BY orders DESC",
  "SELECT reason, count(*) AS records, min(detail) AS example FROM dead_letters GROUP BY ALL ORDER BY records DESC"
]
