{{ config(materialized='table') }}

select
  customer_id,
  count(*) as sessions,
  cast(sum(page_views) as bigint) as page_views,
  cast(sum(seconds_on_site) as bigint) as seconds_on_site,
  cast(sum(seconds_on_site) as double) / cast(count(*) as double) as average_seconds_on_site
from {{ ref('web_sessions') }}
where customer_id is not null
group by customer_id
