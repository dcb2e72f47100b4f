{{ config(materialized='view') }}

{# Hits of the stage that no build has cut yet; the rest is as in stg_hits. #}
{# What collectors found counts before what hits say; through a collector it alone does, as anybody can write the rest. #}
with hits as (
  select
    md5(_source || '|' || _shard || '|' || _sequence_number || '|' || cast(_sub_sequence_number as string)) as log_id,
    _source,
    _shard,
    _sequence_number,
    _sub_sequence_number,
    coalesce(received_at, _arrived_at) as received_at,
    case when queue_millis between 0 and 14400000 then queue_millis else 0 end as waited,
    hit_id,
    nullif(trim(client_id), '') as client_id,
    nullif(trim(user_id), '') as user_id,
    case when received_at is null then claimed_ip else user_ip end as user_ip,
    nullif(trim(case when received_at is null then claimed_user_agent else user_agent end), '') as user_agent,
    coalesce(
      nullif(trim(idempotency_key), ''),
      case when received_at is null and client_id is not null then nullif(trim(cache_buster), '') end,
      hit_id
    ) as repeat_key,
    nullif(lower(trim(hit_type)), '') as hit_type,
    nullif(lower(trim(product_action)), '') as product_action,
    nullif(lower(trim(product_action_list)), '') as product_action_list,
    nullif(trim(transaction_id), '') as transaction_id,
    nullif(trim(transaction_affiliation), '') as transaction_affiliation,
    transaction_revenue,
    transaction_tax,
    transaction_shipping,
    nullif(trim(coupon_code), '') as coupon_code,
    nullif(upper(trim(currency_code)), '') as currency_code,
    nullif(trim(event_category), '') as event_category,
    nullif(trim(event_action), '') as event_action,
    nullif(trim(event_label), '') as event_label,
    nullif(trim(event_value), '') as event_value,
    coalesce(
      nullif(trim(document_location), ''),
      nullif(trim(document_host), '') || coalesce(trim(document_path), ''),
      nullif(trim(referer), '')
    ) as document_location,
    nullif(trim(document_referrer), '') as document_referrer,
    nullif(trim(document_title), '') as document_title,
    nullif(upper(trim(document_encoding)), '') as document_encoding,
    nullif(upper(trim(user_language)), '') as user_language,
    nullif(lower(trim(screen_resolution)), '') as screen_resolution,
    nullif(lower(trim(screen_colors)), '') as screen_colors,
    coalesce(is_robot, 0) = 1 as is_robot
  from {{ source('stage', 'hits') }}
)
select
  log_id,
  coalesce(hit_id, log_id) as request_id,
  _source,
  _shard,
  _sequence_number,
  _sub_sequence_number,
  received_at - interval '1' second * (waited / 1000) as request_timestamp,
  received_at,
  coalesce(client_id, repeat_key, log_id) as visitor_key,
  client_id,
  user_id,
  user_ip,
  user_agent,
  md5(user_agent) as user_agent_id,
  repeat_key,
  hit_type,
  product_action,
  product_action_list,
  transaction_id,
  transaction_affiliation,
  transaction_revenue,
  transaction_tax,
  transaction_shipping,
  coupon_code,
  currency_code,
  event_category,
  event_action,
  event_label,
  event_value,
  lower(regexp_extract(document_location, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)', 1))
    || substr(document_location, length(regexp_extract(document_location, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)', 1)) + 1) as document_location,
  lower(regexp_extract(document_referrer, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)', 1))
    || substr(document_referrer, length(regexp_extract(document_referrer, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)', 1)) + 1) as document_referrer,
  document_title,
  document_encoding,
  user_language,
  screen_resolution,
  screen_colors,
  is_robot
from hits as h
where not exists (select 1 from {{ ref('hit_sessions') }} as s where s.log_id = h.log_id)
