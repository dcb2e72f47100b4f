{{ config(materialized='table', partition_by=['feature_month']) }}

{# A row for each widget, zip code and day from its launch on, also where nothing was sold: that, too, is to be learned from. #}
with zips as (
  select distinct left(zip, 5) as zip from {{ source('consumable', 'weather_observed') }} where zip is not null
), offers as (
  select
    p.product_id,
    coalesce(p.category, 'unknown') as category,
    p.list_price,
    p.launched_on,
    c.calendar_day,
    c.is_holiday,
    extract(day from cast(c.calendar_day as timestamp) - cast(p.launched_on as timestamp)) as days_since_launch
  from {{ source('consumable', 'products') }} as p
  join {{ ref('stg_calendar') }} as c
    on c.calendar_day >= p.launched_on and (p.discontinued_on is null or c.calendar_day <= p.discontinued_on)
), promoted as (
  select distinct c.product_id, d.calendar_day
  from {{ source('consumable', 'coupons') }} as c
  join {{ ref('stg_calendar') }} as d on d.calendar_day between c.valid_from and c.valid_to
), sold as (
  select product_id, zip, sold_on, cast(sum(quantity) as bigint) as units, cast(sum(line_total) as decimal(18, 2)) as revenue
  from {{ ref('stg_sales') }}
  group by product_id, zip, sold_on
), looked as (
  select
    coalesce(r.product_viewed, r.product_added) as product_id,
    s.zip,
    r.requested_on,
    cast(sum(case when r.product_viewed is not null then 1 else 0 end) as bigint) as views,
    cast(sum(case when r.product_added is not null then 1 else 0 end) as bigint) as adds_to_cart
  from {{ ref('web_requests') }} as r
  join {{ ref('web_sessions') }} as s on s.session_id = r.session_id
  where coalesce(r.product_viewed, r.product_added) is not null
  group by coalesce(r.product_viewed, r.product_added), s.zip, r.requested_on
), observed as (
  select left(zip, 5) as zip, observed_on, temperature_min, temperature_max, temperature_avg, precipitation, condition
  from {{ source('consumable', 'weather_observed') }}
), first_day as (
  select min(calendar_day) as calendar_day from {{ ref('stg_calendar') }}
)
select
  o.product_id,
  z.zip,
  o.calendar_day as feature_on,
  o.category,
  o.list_price as price,
  p.product_id is not null as is_promoted,
  o.is_holiday,
  cast(o.days_since_launch as bigint) as days_since_launch,
  o.days_since_launch < {{ var('cold_start_days', 28) }} as is_cold_start,
  coalesce(s.units, 0) as units,
  coalesce(s.revenue, cast(0 as decimal(18, 2))) as revenue,
  coalesce(l.views, 0) as views,
  coalesce(l.adds_to_cart, 0) as adds_to_cart,
  case
    when cast(o.calendar_day - interval '1' day as date) >= greatest(o.launched_on, b.calendar_day) then coalesce(s1.units, 0)
  end as units_1_days_ago,
  case
    when cast(o.calendar_day - interval '7' day as date) >= greatest(o.launched_on, b.calendar_day) then coalesce(s7.units, 0)
  end as units_7_days_ago,
  case
    when cast(o.calendar_day - interval '28' day as date) >= greatest(o.launched_on, b.calendar_day) then coalesce(s28.units, 0)
  end as units_28_days_ago,
  case
    when cast(o.calendar_day - interval '364' day as date) >= greatest(o.launched_on, b.calendar_day) then coalesce(s364.units, 0)
  end as units_364_days_ago,
  w.temperature_min,
  w.temperature_max,
  w.temperature_avg,
  w.precipitation,
  w.condition,
  f.issued_at as forecast_issued_at,
  f.forecast_temperature_1,
  f.forecast_precipitation_1,
  f.forecast_temperature_2,
  f.forecast_precipitation_2,
  f.forecast_temperature_3,
  f.forecast_precipitation_3,
  f.forecast_temperature_4,
  f.forecast_precipitation_4,
  f.forecast_temperature_5,
  f.forecast_precipitation_5,
  f.forecast_temperature_6,
  f.forecast_precipitation_6,
  f.forecast_temperature_7,
  f.forecast_precipitation_7,
  cast(date_trunc('month', o.calendar_day) as date) as feature_month
from offers as o
cross join zips as z
cross join first_day as b
left join promoted as p on p.product_id = o.product_id and p.calendar_day = o.calendar_day
left join sold as s on s.product_id = o.product_id and s.zip = z.zip and s.sold_on = o.calendar_day
left join looked as l on l.product_id = o.product_id and l.zip = z.zip and l.requested_on = o.calendar_day
left join sold as s1 on s1.product_id = o.product_id and s1.zip = z.zip and s1.sold_on = cast(o.calendar_day - interval '1' day as date)
left join sold as s7 on s7.product_id = o.product_id and s7.zip = z.zip and s7.sold_on = cast(o.calendar_day - interval '7' day as date)
left join sold as s28 on s28.product_id = o.product_id and s28.zip = z.zip and s28.sold_on = cast(o.calendar_day - interval '28' day as date)
left join sold as s364 on s364.product_id = o.product_id and s364.zip = z.zip and s364.sold_on = cast(o.calendar_day - interval '364' day as date)
left join observed as w on w.zip = z.zip and w.observed_on = o.calendar_day
left join {{ ref('stg_forecast_known') }} as f on f.zip = z.zip and f.calendar_day = o.calendar_day
