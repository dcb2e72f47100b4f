{{ config(materialized='table') }}

select
  s.sold_on,
  s.zip,
  coalesce(max(z.city), 'unknown') as city,
  coalesce(max(z.state), 'unknown') as state,
  count(distinct s.order_id) as orders,
  cast(sum(s.quantity) as bigint) as units,
  cast(sum(s.line_total) as decimal(18, 2)) as spend
from {{ ref('stg_sales') }} as s
left join {{ ref('stg_zips') }} as z on z.zip = s.zip
group by s.sold_on, s.zip
