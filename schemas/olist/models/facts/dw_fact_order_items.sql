{{ config(materialized='table', partition_by=['purchase_month']) }}

select
  i.order_id,
  i.order_item_id,
  i.product_id,
  i.seller_id,
  coalesce(o.sk_customers, md5('-1')) as sk_customers,
  o.order_status,
  o.ts_order_purchase,
  o.dt_order_purchase,
  i.shipping_limit_date as ts_shipping_limit,
  i.price,
  i.freight_value,
  o.purchase_month
from {{ source('consumable', 'items') }} as i
left join {{ ref('stg_orders') }} as o on o.order_id = i.order_id
