{{ config(materialized='table') }}

with newest as (
  select max(sold_on) as until from {{ ref('spend_by_zip_day') }}
), bounds as (
  select
    until,
    cast(until - interval '{{ var('period_days', 30) }}' day as date) as begin,
    cast(until - interval '{{ var('period_days', 30) }}' day - interval '{{ var('period_days', 30) }}' day as date) as begin_before
  from newest
), compared as (
  select
    s.zip,
    max(s.city) as city,
    max(s.state) as state,
    max(b.begin) as begin,
    max(b.until) as until,
    cast(sum(case when s.sold_on > b.begin then s.spend else 0 end) as decimal(18, 2)) as spend,
    cast(sum(case when s.sold_on > b.begin then 0 else s.spend end) as decimal(18, 2)) as spend_before
  from {{ ref('spend_by_zip_day') }} as s
  cross join bounds as b
  where s.sold_on > b.begin_before
  group by s.zip
)
select
  zip,
  city,
  state,
  cast(begin + interval '1' day as date) as period_begins_on,
  until as period_ends_on,
  spend,
  spend_before,
  cast(spend - spend_before as decimal(18, 2)) as difference,
  case when spend_before > 0 then 100 * cast(spend - spend_before as double) / cast(spend_before as double) end as difference_percent
from compared
