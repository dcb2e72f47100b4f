{{ config(materialized='table') }}

select
  dt_order_purchase,
  coalesce(main_payment_type, 'none') as payment_type,
  cast(sum(items_value) as decimal(18, 2)) as nu_sum_items_value,
  count(*) as nu_qty_orders
from {{ ref('dw_fact_orders') }}
where order_status = 'delivered'
group by dt_order_purchase, coalesce(main_payment_type, 'none')
