{# Months in which items of the fact do not come to what those of the table for users do. #}
select purchase_month, sum(price) as price, sum(freight_value) as freight_value, sum(items) as items
from (
  select purchase_month, price, freight_value, 1 as items from {{ ref('dw_fact_order_items') }}
  union all
  select o.purchase_month, -i.price, -i.freight_value, -1
  from {{ source('consumable', 'items') }} as i
  left join {{ ref('stg_orders') }} as o on o.order_id = i.order_id
) as both_sides
group by purchase_month
having sum(price) <> 0 or sum(freight_value) <> 0 or sum(items) <> 0
