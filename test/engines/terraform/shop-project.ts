/** A project as somebody who deploys has one: the contracts of a shop on VTEX, and models of its orders. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./tofu.ts"

const project = `import { defineProject } from "${repository}/src/contract/project.ts"
import vtex from "${repository}/schemas/vtex/project.ts"

export default defineProject({ name: "shop", contracts: [...vtex.contracts] })
`

/** The newest version of each order. */
const orders = `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='order_id') }}
select order_id, last_change, value
from (
  select order_id, last_change, value, row_number() over (partition by order_id order by last_change desc nulls last) as n
  from {{ source('consumable', 'checkout') }}
  {% if is_incremental() %}
  where order_id in (select order_id from {{ source('changes', 'checkout') }})
  {% endif %}
) as versions
where n = 1
`

/** Made of another mart. */
const sales = `{{ config(materialized='table') }}
select cast(count(*) as bigint) as orders, cast(sum(value) as decimal(38, 2)) as value
from {{ ref('shop_orders') }}
`

const tests = `models:
  - name: shop_orders
    columns:
      - name: order_id
        data_tests: [not_null, unique]
`

/** What its marts say, and what the table for users does, by other SQL. */
export const askOfSales = `
  SELECT orders, value::VARCHAR AS value FROM shop_sales
  UNION ALL SELECT count(*), sum(value)::DECIMAL(38, 2)::VARCHAR FROM (SELECT max_by(value, last_change) AS value FROM consumable_checkout GROUP BY order_id)`

/**
 * Writes it into a folder.
 *
 * @returns where it lies: for the configuration, and, as there is no image here, for the commands in it
 */
export const writeShopProject = (folder: string): string => {
  const root = join(folder, "shop")
  mkdirSync(join(root, "models"), { recursive: true })
  cpSync(join(repository, "schemas/vtex/derived"), join(root, "derived"), { recursive: true })
  writeFileSync(join(root, "project.ts"), project)
  writeFileSync(join(root, "models/shop_orders.sql"), orders)
  writeFileSync(join(root, "models/shop_sales.sql"), sales)
  writeFileSync(join(root, "models/models.yml"), tests)
  return root
}
