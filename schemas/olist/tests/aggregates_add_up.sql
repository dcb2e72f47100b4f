{# Tables of sums that do not come to what delivered orders do. #}
select what, sum(items_value) as items_value, sum(orders) as orders
from (
  select 'by city' as what, nu_sum_items_price as items_value, nu_qty_sales as orders from {{ ref('aggregate_sales_performance_by_city') }}
  union all
  select 'by city', -items_value, -1 from {{ ref('dw_fact_orders') }} where order_status = 'delivered'
  union all
  select 'per day', nu_sum_items_value, nu_qty_orders from {{ ref('aggregate_sales_per_day') }}
  union all
  select 'per day', -items_value, -1 from {{ ref('dw_fact_orders') }} where order_status = 'delivered'
  union all
  select 'per month', nu_sum_items_value, nu_qty_orders from {{ ref('aggregate_sales_per_month') }}
  union all
  select 'per month', -items_value, -1 from {{ ref('dw_fact_orders') }} where order_status = 'delivered'
) as all_sides
group by what
having sum(items_value) <> 0 or sum(orders) <> 0
