{{ config(materialized='table', partition_by=['purchase_month']) }}

{# Items and payments are summed each for themselves before they meet: joined row by row, each item would count once for every payment. #}
with items as (
  select
    order_id,
    count(*) as item_count,
    cast(sum(price) as decimal(18, 2)) as items_value,
    cast(sum(freight_value) as decimal(18, 2)) as freight_value
  from {{ ref('dw_fact_order_items') }}
  group by order_id
), payments as (
  select order_id, cast(sum(payment_value) as decimal(18, 2)) as payment_value
  from {{ ref('dw_fact_order_payments') }}
  group by order_id
), largest as (
  select
    order_id,
    payment_type,
    row_number() over (
      partition by order_id order by payment_value desc nulls last, payment_sequential asc nulls last
    ) as place
  from {{ ref('dw_fact_order_payments') }}
), types as (
  select order_id, payment_type, row_number() over (partition by order_id order by payment_type asc nulls last) as place
  from {{ ref('dw_fact_order_payments') }}
  where payment_type is not null
  group by order_id, payment_type
), listed as (
  select
    order_id,
    max(case when place = 1 then payment_type else '' end)
      || max(case when place = 2 then ', ' || payment_type else '' end)
      || max(case when place = 3 then ', ' || payment_type else '' end)
      || max(case when place = 4 then ', ' || payment_type else '' end)
      || max(case when place = 5 then ', ' || payment_type else '' end) as payment_types
  from types
  group by order_id
)
select
  o.order_id,
  o.sk_customers,
  o.order_status,
  o.ts_order_purchase,
  o.ts_order_approved_at,
  o.ts_order_delivered_carrier,
  o.ts_order_delivered_customer,
  o.dt_order_estimated_delivery,
  o.dt_order_purchase,
  cast(extract(day from cast(o.ts_order_approved_at as timestamp) - cast(o.ts_order_purchase as timestamp)) as integer) as days_to_approval,
  cast(extract(day from cast(o.ts_order_delivered_carrier as timestamp) - cast(o.ts_order_approved_at as timestamp)) as integer) as days_to_carrier,
  cast(extract(day from cast(o.ts_order_delivered_customer as timestamp) - cast(o.ts_order_delivered_carrier as timestamp)) as integer) as days_on_the_way,
  cast(extract(day from cast(o.ts_order_delivered_customer as timestamp) - cast(o.ts_order_purchase as timestamp)) as integer) as days_to_delivery,
  cast(extract(day from cast(o.dt_order_delivered_customer as timestamp) - cast(o.dt_order_estimated_delivery as timestamp)) as integer) as days_late,
  coalesce(i.item_count, 0) as item_count,
  coalesce(i.items_value, cast(0 as decimal(18, 2))) as items_value,
  coalesce(i.freight_value, cast(0 as decimal(18, 2))) as freight_value,
  coalesce(p.payment_value, cast(0 as decimal(18, 2))) as payment_value,
  t.payment_types,
  l.payment_type as main_payment_type,
  o.purchase_month
from {{ ref('stg_orders') }} as o
left join items as i on i.order_id = o.order_id
left join payments as p on p.order_id = o.order_id
left join listed as t on t.order_id = o.order_id
left join largest as l on l.order_id = o.order_id and l.place = 1
