{{ config(materialized='table', partition_by=['purchase_month']) }}

select
  p.order_id,
  p.payment_sequential,
  coalesce(o.sk_customers, md5('-1')) as sk_customers,
  o.order_status,
  o.ts_order_purchase,
  o.dt_order_purchase,
  p.payment_type,
  p.payment_installments,
  p.payment_value,
  o.purchase_month
from {{ source('consumable', 'payments') }} as p
left join {{ ref('stg_orders') }} as o on o.order_id = p.order_id
