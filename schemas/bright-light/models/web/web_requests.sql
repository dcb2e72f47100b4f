{{ config(materialized='table') }}

{# A session is a visitor's requests with less than half an hour between one and the next; half an hour begins another. #}
with gaps as (
  select
    *,
    lag(requested_at) over (partition by visitor_key order by requested_at asc nulls first, request asc nulls first, log_id asc nulls first) as before
  from {{ ref('stg_requests') }}
), numbered as (
  select
    *,
    sum(case when before is null or before + interval '30' minute <= requested_at then 1 else 0 end) over (
      partition by visitor_key
      order by requested_at asc nulls first, request asc nulls first, log_id asc nulls first
      rows between unbounded preceding and current row
    ) as session_number
  from gaps
)
select
  log_id,
  md5(visitor_key || '|' || cast(cast(session_number as bigint) as string)) as session_id,
  cast(row_number() over (
    partition by visitor_key, session_number order by requested_at asc nulls first, request asc nulls first, log_id asc nulls first
  ) as bigint) as place_in_session,
  visitor_key,
  requested_at,
  cast(requested_at as date) as requested_on,
  login,
  server,
  method,
  path,
  query,
  status,
  is_page_view,
  product_viewed,
  product_added,
  order_id,
  utm_source,
  utm_medium,
  utm_campaign,
  referrer_host
from numbered
