{{ config(materialized='view') }}

{# What had been issued by noon of a day, and nothing of later: a feature must not know more than was known then. #}
with issues as (
  select distinct left(zip, 5) as zip, issued_at from {{ source('consumable', 'weather_forecast') }}
), known as (
  select c.calendar_day, i.zip, max(i.issued_at) as issued_at
  from {{ ref('stg_calendar') }} as c
  join issues as i
    on i.issued_at <= cast(c.calendar_day as timestamp) + interval '{{ var('cut_off_hour', 12) }}' hour
    and i.issued_at > cast(c.calendar_day as timestamp) - interval '7' day
  group by c.calendar_day, i.zip
)
select
  k.calendar_day,
  k.zip,
  k.issued_at,
  max(case when f.forecast_on = cast(k.calendar_day + interval '1' day as date) then f.temperature_avg end) as forecast_temperature_1,
  max(case when f.forecast_on = cast(k.calendar_day + interval '1' day as date) then f.precipitation end) as forecast_precipitation_1,
  max(case when f.forecast_on = cast(k.calendar_day + interval '2' day as date) then f.temperature_avg end) as forecast_temperature_2,
  max(case when f.forecast_on = cast(k.calendar_day + interval '2' day as date) then f.precipitation end) as forecast_precipitation_2,
  max(case when f.forecast_on = cast(k.calendar_day + interval '3' day as date) then f.temperature_avg end) as forecast_temperature_3,
  max(case when f.forecast_on = cast(k.calendar_day + interval '3' day as date) then f.precipitation end) as forecast_precipitation_3,
  max(case when f.forecast_on = cast(k.calendar_day + interval '4' day as date) then f.temperature_avg end) as forecast_temperature_4,
  max(case when f.forecast_on = cast(k.calendar_day + interval '4' day as date) then f.precipitation end) as forecast_precipitation_4,
  max(case when f.forecast_on = cast(k.calendar_day + interval '5' day as date) then f.temperature_avg end) as forecast_temperature_5,
  max(case when f.forecast_on = cast(k.calendar_day + interval '5' day as date) then f.precipitation end) as forecast_precipitation_5,
  max(case when f.forecast_on = cast(k.calendar_day + interval '6' day as date) then f.temperature_avg end) as forecast_temperature_6,
  max(case when f.forecast_on = cast(k.calendar_day + interval '6' day as date) then f.precipitation end) as forecast_precipitation_6,
  max(case when f.forecast_on = cast(k.calendar_day + interval '7' day as date) then f.temperature_avg end) as forecast_temperature_7,
  max(case when f.forecast_on = cast(k.calendar_day + interval '7' day as date) then f.precipitation end) as forecast_precipitation_7
from known as k
join {{ source('consumable', 'weather_forecast') }} as f on left(f.zip, 5) = k.zip and f.issued_at = k.issued_at
group by k.calendar_day, k.zip, k.issued_at
