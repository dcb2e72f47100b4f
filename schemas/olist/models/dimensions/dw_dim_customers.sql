{{ config(
  materialized='history',
  key=['customer_unique_id'],
  effective='ts_order_purchase',
  order=['order_id', 'customer_id'],
  keep=['customer_zip_code_prefix', 'customer_city', 'customer_state']
) }}

{# An address for each order of a person, from when it was placed. Where the order has not come yet, no time is known: it is older than all that are. #}
select
  c.customer_unique_id,
  o.order_purchase_timestamp as ts_order_purchase,
  o.order_id,
  c.customer_id,
  c.customer_zip_code_prefix,
  c.customer_city,
  c.customer_state
from {{ source('consumable', 'customers') }} as c
left join {{ source('consumable', 'orders') }} as o on o.customer_id = c.customer_id
{% if is_incremental() %}
where c.customer_unique_id in (
  select customer_unique_id from {{ source('changes', 'customers') }}
  union all
  select again.customer_unique_id
  from {{ source('consumable', 'customers') }} as again
  join {{ source('changes', 'orders') }} as changed on changed.customer_id = again.customer_id
)
{% endif %}
