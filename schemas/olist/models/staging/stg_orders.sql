{{ config(materialized='view') }}

{# Times are UTC. Days are those of the shops' clocks: São Paulo is three hours behind, and two in its summers, of which 2018/19 was the last. #}
with orders as (
  select
    order_id,
    customer_id,
    order_status,
    order_purchase_timestamp as ts_order_purchase,
    order_approved_at as ts_order_approved_at,
    order_delivered_carrier_date as ts_order_delivered_carrier,
    order_delivered_customer_date as ts_order_delivered_customer,
    order_estimated_delivery_date as dt_order_estimated_delivery,
    cast(case
      when (order_purchase_timestamp >= timestamp '2016-10-16 03:00:00' and order_purchase_timestamp < timestamp '2017-02-19 02:00:00')
        or (order_purchase_timestamp >= timestamp '2017-10-15 03:00:00' and order_purchase_timestamp < timestamp '2018-02-18 02:00:00')
        or (order_purchase_timestamp >= timestamp '2018-11-04 03:00:00' and order_purchase_timestamp < timestamp '2019-02-17 02:00:00')
      then order_purchase_timestamp - interval '2' hour
      else order_purchase_timestamp - interval '3' hour
    end as date) as dt_order_purchase,
    cast(case
      when (order_delivered_customer_date >= timestamp '2016-10-16 03:00:00' and order_delivered_customer_date < timestamp '2017-02-19 02:00:00')
        or (order_delivered_customer_date >= timestamp '2017-10-15 03:00:00' and order_delivered_customer_date < timestamp '2018-02-18 02:00:00')
        or (order_delivered_customer_date >= timestamp '2018-11-04 03:00:00' and order_delivered_customer_date < timestamp '2019-02-17 02:00:00')
      then order_delivered_customer_date - interval '2' hour
      else order_delivered_customer_date - interval '3' hour
    end as date) as dt_order_delivered_customer
  from {{ source('consumable', 'orders') }}
)
select
  o.order_id,
  o.customer_id,
  m.customer_unique_id,
  coalesce(d.surrogate_key, md5('-1')) as sk_customers,
  o.order_status,
  o.ts_order_purchase,
  o.ts_order_approved_at,
  o.ts_order_delivered_carrier,
  o.ts_order_delivered_customer,
  o.dt_order_purchase,
  o.dt_order_delivered_customer,
  o.dt_order_estimated_delivery,
  cast(date_trunc('month', o.dt_order_purchase) as date) as purchase_month
from orders as o
left join {{ ref('dw_map_customers') }} as m on m.customer_id = o.customer_id
left join {{ ref('dw_dim_customers') }} as d
  on d.customer_unique_id = m.customer_unique_id
  and o.ts_order_purchase >= d.valid_from
  and o.ts_order_purchase < coalesce(d.valid_to, timestamp '9999-12-31 00:00:00')
