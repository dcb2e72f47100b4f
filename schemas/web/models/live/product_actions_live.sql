{{ config(materialized='view') }}

with products as (
  select
    md5(_source || '|' || _shard || '|' || _sequence_number || '|' || cast(_sub_sequence_number as string)) as log_id,
    slot,
    nullif(trim(id), '') as product_id,
    nullif(trim(name), '') as product_name,
    nullif(trim(brand), '') as product_brand,
    nullif(trim(category), '') as product_category,
    nullif(upper(trim(variant)), '') as product_variant,
    price as product_price,
    quantity as product_quantity,
    nullif(trim(coupon_code), '') as product_coupon_code,
    position as product_position
  from {{ source('stage_elements', 'hits.products') }}
)
select
  l.log_id || '.' || cast(p.slot as string) as id,
  l.log_id,
  p.slot as product_slot,
  l.request_id,
  l.request_timestamp,
  l.request_date,
  l.client_id,
  l.session_id,
  l.session_id_by_day,
  l.user_id,
  l.user_ip,
  l.user_agent_id,
  l.is_robot,
  l.product_action,
  l.product_action_list,
  p.product_id,
  p.product_name,
  p.product_brand,
  p.product_category,
  p.product_variant,
  p.product_price,
  p.product_quantity,
  p.product_coupon_code,
  p.product_position,
  l.currency_code,
  l.transaction_id
from {{ ref('logs_live') }} as l
join products as p on p.log_id = l.log_id
where l.product_action in ('detail', 'click', 'add', 'remove', 'checkout', 'checkout_option', 'purchase', 'refund')
