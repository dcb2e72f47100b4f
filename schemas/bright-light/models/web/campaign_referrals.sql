{{ config(materialized='table') }}

select
  started_on as referred_on,
  source,
  medium,
  campaign,
  referrer_host,
  count(*) as sessions,
  cast(sum(case when orders > 0 then 1 else 0 end) as bigint) as sessions_with_orders,
  cast(sum(orders) as bigint) as orders,
  cast(sum(revenue) as decimal(18, 2)) as revenue,
  cast(sum(case when orders > 0 then 1 else 0 end) as double) / cast(count(*) as double) as conversion
from {{ ref('web_sessions') }}
group by started_on, source, medium, campaign, referrer_host
