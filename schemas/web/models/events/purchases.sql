{{ config(materialized='view') }}

{# Revenue that a hit does not say is the sum of its products. #}
with hits as (
  select * from {{ ref('logs') }} where product_action = 'purchase' and transaction_id is not null
), elements as (
  select
    md5(_source || '|' || _shard || '|' || _sequence_number || '|' || cast(_sub_sequence_number as string)) as log_id,
    price,
    quantity
  from {{ source('elements', 'hits.products') }}
), products as (
  select
    h.log_id,
    cast(sum(e.price * coalesce(e.quantity, 1)) as decimal(18, 4)) as products_value,
    count(*) as product_count
  from hits as h
  join elements as e on e.log_id = h.log_id
  group by h.log_id
)
select
  l.transaction_id,
  l.log_id,
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
  coalesce(l.transaction_revenue, p.products_value) as transaction_revenue,
  l.transaction_tax,
  l.transaction_shipping,
  l.transaction_affiliation,
  l.coupon_code as transaction_coupon_code,
  l.currency_code,
  coalesce(p.product_count, 0) as product_count
from hits as l
left join products as p on p.log_id = l.log_id
