{{ config(materialized='table') }}

{# A status never goes back: some orders reach the carrier before their payment is approved, and stay shipped. #}
with steps as (
  select order_id, ts_order_purchase as last_change, 0 as step from {{ ref('dw_fact_orders') }}
  union all
  select order_id, ts_order_approved_at, 1 from {{ ref('dw_fact_orders') }}
  union all
  select order_id, ts_order_delivered_carrier, 2 from {{ ref('dw_fact_orders') }}
  union all
  select order_id, ts_order_delivered_customer, 3 from {{ ref('dw_fact_orders') }}
), times as (
  select order_id, last_change, max(step) as step
  from steps
  where last_change is not null
  group by order_id, last_change
), versions as (
  select
    order_id,
    last_change,
    max(step) over (
      partition by order_id order by last_change asc nulls first rows between unbounded preceding and current row
    ) as step,
    row_number() over (partition by order_id order by last_change desc nulls last) as place
  from times
), items as (
  select order_id, count(distinct product_id) as product_count, count(distinct seller_id) as seller_count
  from {{ ref('dw_fact_order_items') }}
  group by order_id
)
select
  v.order_id,
  v.last_change,
  cast(v.last_change as date) as change_date,
  o.ts_order_purchase as creation_date,
  case
    when v.place = 1 then o.order_status
    when v.step = 0 then 'payment-pending'
    when v.step = 1 then 'payment-approved'
    when v.step = 2 then 'shipped'
    else 'delivered'
  end as status,
  v.place = 1 as is_latest,
  case when o.ts_order_approved_at <= v.last_change then o.ts_order_approved_at end as authorized_date,
  cast(case when o.item_count > 0 then o.items_value + o.freight_value else o.payment_value end as decimal(18, 2)) as order_value,
  o.item_count,
  coalesce(i.product_count, 0) as product_count,
  coalesce(i.seller_count, 0) as seller_count,
  o.items_value,
  o.freight_value,
  o.payment_value,
  o.payment_types,
  d.customer_unique_id,
  d.customer_zip_code_prefix,
  d.customer_city,
  d.customer_state
from versions as v
join {{ ref('dw_fact_orders') }} as o on o.order_id = v.order_id
left join items as i on i.order_id = v.order_id
left join {{ ref('dw_dim_customers') }} as d on d.surrogate_key = o.sk_customers
