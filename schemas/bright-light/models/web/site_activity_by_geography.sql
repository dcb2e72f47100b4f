{{ config(materialized='table') }}

select
  s.started_on as activity_on,
  coalesce(z.state, 'unknown') as state,
  coalesce(z.city, 'unknown') as city,
  s.zip,
  cast(sum(s.page_views) as bigint) as page_views,
  count(*) as sessions,
  cast(sum(s.orders) as bigint) as orders,
  cast(sum(s.revenue) as decimal(18, 2)) as revenue
from {{ ref('web_sessions') }} as s
left join {{ ref('stg_zips') }} as z on z.zip = s.zip
group by s.started_on, coalesce(z.state, 'unknown'), coalesce(z.city, 'unknown'), s.zip
