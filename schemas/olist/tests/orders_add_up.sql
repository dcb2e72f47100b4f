{# Months in which orders do not come to what their items and payments do. Those of orders that have not come yet have no month. #}
select purchase_month, sum(items_value) as items_value, sum(freight_value) as freight_value, sum(payment_value) as payment_value
from (
  select purchase_month, items_value, freight_value, payment_value from {{ ref('dw_fact_orders') }}
  union all
  select purchase_month, -price, -freight_value, 0 from {{ ref('dw_fact_order_items') }}
  union all
  select purchase_month, 0, 0, -payment_value from {{ ref('dw_fact_order_payments') }}
) as all_sides
where purchase_month is not null
group by purchase_month
having sum(items_value) <> 0 or sum(freight_value) <> 0 or sum(payment_value) <> 0
