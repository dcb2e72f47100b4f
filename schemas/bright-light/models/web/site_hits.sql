{{ config(materialized='view') }}

{# What activity by place is made of, hit by hit: a session tells the place of all its hits. #}
select
  r.requested_at,
  s.started_on as activity_on,
  r.server,
  r.method,
  r.path,
  r.status,
  r.is_page_view,
  r.product_viewed,
  r.product_added,
  r.order_id,
  s.zip,
  coalesce(z.city, 'unknown') as city,
  coalesce(z.state, 'unknown') as state,
  s.source,
  s.medium,
  s.campaign,
  s.referrer_host
from {{ ref('web_requests') }} as r
join {{ ref('web_sessions') }} as s on s.session_id = r.session_id
left join {{ ref('stg_zips') }} as z on z.zip = s.zip
