{{ config(materialized='view') }}

{# Visitors of whom hits came since the last build are cut anew, with all that they have; of all others the build's rows stand. #}
with live as (
  select * from {{ ref('stg_hits_live') }}
), touched as (
  select visitor_key from live
  union
  select visitor_key
  from {{ ref('hit_sessions') }}
  where product_action = 'purchase'
    and transaction_id in (
      select transaction_id from live where product_action = 'purchase' and transaction_id is not null
    )
), all_hits as (
  select h.*
  from {{ ref('stg_hits') }} as h
  where exists (select 1 from {{ ref('hit_sessions') }} as s where s.log_id = h.log_id)
  union all
  select * from live
), hits as (
  select * from all_hits where visitor_key in (select visitor_key from touched)
),
purchases as (
  select log_id, row_number() over (
    partition by transaction_id
    order by request_timestamp asc nulls first, _source asc nulls first, _shard asc nulls first,
      length(_sequence_number) asc nulls first, _sequence_number asc nulls first, _sub_sequence_number asc nulls first
  ) as place
  from all_hits
  where hit_type is not null and product_action = 'purchase' and transaction_id is not null
), repeated as (
  select h.*, lag(h.request_timestamp) over (
    partition by h.visitor_key, h.repeat_key, h.hit_type, h.product_action, h.transaction_id
    order by h.request_timestamp asc nulls first, h._source asc nulls first, h._shard asc nulls first,
      length(h._sequence_number) asc nulls first, h._sequence_number asc nulls first, h._sub_sequence_number asc nulls first
  ) as same_before
  from hits as h
), flagged as (
  select
    r.*,
    r.repeat_key is not null and r.same_before is not null and r.request_timestamp < r.same_before + interval '24' hour as is_repeat,
    coalesce(p.place > 1, false) as is_repeated_purchase
  from repeated as r
  left join purchases as p on p.log_id = r.log_id
), numbered as (
  select
    f.*,
    f.hit_type is not null and not f.is_repeat and not f.is_repeated_purchase as is_counted,
    case when f.hit_type is not null and not f.is_repeat and not f.is_repeated_purchase then f.client_id end as session_client,
    cast(f.request_timestamp as date) as request_date,
    cast(row_number() over (
      partition by f.visitor_key
      order by f.request_timestamp asc nulls first, f._source asc nulls first, f._shard asc nulls first,
        length(f._sequence_number) asc nulls first, f._sequence_number asc nulls first, f._sub_sequence_number asc nulls first
    ) as bigint) as visitor_position
  from flagged as f
), previous as (
  select
    n.*,
    lag(n.request_timestamp) over (partition by n.session_client order by n.visitor_position asc nulls first) as hit_before,
    lag(n.request_timestamp) over (
      partition by n.session_client, n.request_date order by n.visitor_position asc nulls first
    ) as hit_before_by_day
  from numbered as n
), begun as (
  select
    p.*,
    case
      when p.session_client is null then null
      when p.hit_before is null or p.request_timestamp >= p.hit_before + interval '30' minute then p.visitor_position
    end as session_start,
    case
      when p.session_client is null then null
      when p.hit_before_by_day is null or p.request_timestamp >= p.hit_before_by_day + interval '30' minute then p.visitor_position
    end as session_start_by_day
  from previous as p
), cut as (
  select
    b.*,
    max(b.session_start) over (
      partition by b.session_client order by b.visitor_position asc nulls first rows between unbounded preceding and current row
    ) as session_number,
    max(b.session_start_by_day) over (
      partition by b.session_client order by b.visitor_position asc nulls first rows between unbounded preceding and current row
    ) as session_number_by_day
  from begun as b
), named as (
  select
    c.*,
    min(case when c.visitor_position = c.session_number then c.request_id end) over (
      partition by c.session_client, c.session_number
    ) as first_request,
    min(case when c.visitor_position = c.session_number_by_day then c.request_id end) over (
      partition by c.session_client, c.session_number_by_day
    ) as first_request_by_day
  from cut as c
)
select
  log_id,
  request_id,
  request_timestamp,
  request_date,
  received_at,
  visitor_key,
  visitor_position,
  client_id,
  case when session_client is not null then md5(client_id || '|' || first_request) end as session_id,
  case when session_client is not null then md5(client_id || '|' || first_request_by_day) end as session_id_by_day,
  is_counted,
  is_repeat,
  is_repeated_purchase,
  user_id,
  user_ip,
  user_agent,
  user_agent_id,
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
  document_location,
  document_referrer,
  document_title,
  document_encoding,
  user_language,
  screen_resolution,
  screen_colors,
  is_robot
from named
union all
select
  log_id,
  request_id,
  request_timestamp,
  request_date,
  received_at,
  visitor_key,
  visitor_position,
  client_id,
  session_id,
  session_id_by_day,
  is_counted,
  is_repeat,
  is_repeated_purchase,
  user_id,
  user_ip,
  user_agent,
  user_agent_id,
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
  document_location,
  document_referrer,
  document_title,
  document_encoding,
  user_language,
  screen_resolution,
  screen_colors,
  is_robot
from {{ ref('hit_sessions') }}
where visitor_key not in (select visitor_key from touched)
