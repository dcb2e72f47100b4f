{# Months in which payments of the fact do not come to what those of the table for users do. #}
select purchase_month, sum(payment_value) as payment_value, sum(payments) as payments
from (
  select purchase_month, payment_value, 1 as payments from {{ ref('dw_fact_order_payments') }}
  union all
  select o.purchase_month, -p.payment_value, -1
  from {{ source('consumable', 'payments') }} as p
  left join {{ ref('stg_orders') }} as o on o.order_id = p.order_id
) as both_sides
group by purchase_month
having sum(payment_value) <> 0 or sum(payments) <> 0
