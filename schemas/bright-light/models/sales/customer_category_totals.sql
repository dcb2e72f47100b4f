{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['customer_id']) }}

{# As customer_running_totals; a widget of another category changes what all its buyers have bought. #}
with
{% if is_incremental() %}
touched as (
  select customer_id from {{ source('changes', 'orders') }}
  union
  select o.customer_id
  from {{ source('consumable', 'orders') }} as o
  where o.order_id in (select order_id from {{ source('changes', 'order_lines') }})
     or o.order_id in (
       select order_id from {{ source('consumable', 'order_lines') }}
       where product_id in (select product_id from {{ source('changes', 'products') }})
     )
),
{% endif %}
sold as (
  select
    s.customer_id,
    s.category,
    s.order_id,
    min(s.ordered_at) as ordered_at,
    cast(sum(s.quantity) as bigint) as units,
    cast(sum(s.line_total) as decimal(18, 2)) as spend
  from {{ ref('stg_sales') }} as s
  where s.customer_id is not null
  {% if is_incremental() %}
    and s.customer_id in (select customer_id from touched)
  {% endif %}
  group by s.customer_id, s.category, s.order_id
)
select
  customer_id,
  category,
  order_id,
  ordered_at,
  units,
  spend,
  cast(sum(units) over (
    partition by customer_id, category order by ordered_at asc nulls first, order_id asc nulls first
    rows between unbounded preceding and current row
  ) as bigint) as units_so_far,
  cast(sum(spend) over (
    partition by customer_id, category order by ordered_at asc nulls first, order_id asc nulls first
    rows between unbounded preceding and current row
  ) as decimal(18, 2)) as spend_so_far
from sold
