{{ config(materialized='table') }}

{# Averages are rounded in whole cents, a half up: quotients of decimals are of another type in each engine, and round otherwise. #}
select
  l.customer_state,
  l.customer_city,
  count(*) as nu_qty_sales,
  cast(
    cast(floor((cast(200 * sum(o.items_value) as bigint) + count(*)) / (2 * count(*))) as bigint) * cast(0.01 as decimal(3, 2))
    as decimal(18, 2)) as nu_avg_ticket,
  cast(sum(o.items_value) as decimal(18, 2)) as nu_sum_items_price,
  count(distinct c.customer_unique_id) as nu_qty_unique_customers,
  cast(
    cast(floor((cast(200 * sum(o.freight_value) as bigint) + sum(o.item_count)) / (2 * nullif(sum(o.item_count), 0))) as bigint) * cast(0.01 as decimal(3, 2))
    as decimal(18, 2)) as nu_avg_freight_value,
  max(o.ts_order_purchase) as ts_last_order_purchase
from {{ ref('dw_fact_orders') }} as o
left join {{ ref('dw_dim_customers') }} as c on c.surrogate_key = o.sk_customers
left join {{ ref('dw_dim_location') }} as l on l.customer_zip_code_prefix = c.customer_zip_code_prefix
where o.order_status = 'delivered'
group by l.customer_state, l.customer_city
