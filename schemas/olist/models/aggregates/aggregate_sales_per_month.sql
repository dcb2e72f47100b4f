{{ config(materialized='view') }}

select
  cast(date_trunc('month', dt_order_purchase) as date) as dt_order_purchase,
  payment_type,
  cast(sum(nu_sum_items_value) as decimal(18, 2)) as nu_sum_items_value,
  cast(sum(nu_qty_orders) as bigint) as nu_qty_orders
from {{ ref('aggregate_sales_per_day') }}
group by cast(date_trunc('month', dt_order_purchase) as date), payment_type
