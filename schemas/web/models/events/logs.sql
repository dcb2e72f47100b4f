{{ config(materialized='view') }}

with hits as (
  select * from {{ ref('hit_sessions') }} where is_counted
), people as (
  select
    session_id,
    case when count(user_id) > 0 then array_sort(array_agg(distinct user_id) filter (where user_id is not null)) end as session_based_user_ids,
    case when count(user_ip) > 0 then array_sort(array_agg(distinct user_ip) filter (where user_ip is not null)) end as session_based_user_ips
  from hits
  where session_id is not null
  group by session_id
)
select
  h.log_id,
  h.request_id,
  h.request_timestamp,
  h.request_date,
  h.received_at,
  h.client_id,
  h.session_id,
  h.session_id_by_day,
  h.visitor_position,
  h.user_id,
  p.session_based_user_ids,
  h.user_ip,
  p.session_based_user_ips,
  h.hit_type,
  h.product_action,
  h.product_action_list,
  coalesce(h.product_action = 'purchase' and h.transaction_id is null, false) as is_unknown_purchase,
  h.transaction_id,
  h.transaction_affiliation,
  h.transaction_revenue,
  h.transaction_tax,
  h.transaction_shipping,
  h.coupon_code,
  h.currency_code,
  h.event_category,
  h.event_action,
  h.event_label,
  h.event_value,
  h.document_location,
  h.document_referrer,
  h.document_title,
  h.document_encoding,
  h.user_language,
  h.screen_resolution,
  h.screen_colors,
  h.user_agent_id,
  h.is_robot or coalesce(a.is_robot, false) as is_robot
from hits as h
left join people as p on p.session_id = h.session_id
left join {{ source('lookups', 'user_agents') }} as a on a.id = h.user_agent_id
