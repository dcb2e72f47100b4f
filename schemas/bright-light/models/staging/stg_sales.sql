{{ config(materialized='view') }}

select
  l.order_id,
  l.line_number,
  o.customer_id,
  l.product_id,
  coalesce(p.category, 'unknown') as category,
  coalesce(left(o.ship_zip, 5), 'unknown') as zip,
  o.ordered_at,
  cast(o.ordered_at as date) as sold_on,
  cast(date_trunc('month', o.ordered_at) as date) as sold_month,
  l.quantity,
  l.line_total
from {{ source('consumable', 'order_lines') }} as l
join {{ source('consumable', 'orders') }} as o on o.order_id = l.order_id
left join {{ source('consumable', 'products') }} as p on p.product_id = l.product_id
where coalesce(o.status, 'placed') <> 'cancelled'
