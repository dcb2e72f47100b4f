{{ config(materialized='table') }}

with newest as (
  select left(zip, 5) as zip, max(issued_at) as issued_at from {{ source('consumable', 'weather_forecast') }} group by left(zip, 5)
), measured as (
  select
    left(zip, 5) as zip,
    observed_on,
    temperature_avg,
    precipitation,
    condition,
    row_number() over (partition by left(zip, 5) order by observed_on desc nulls last, zip asc nulls last) as place
  from {{ source('consumable', 'weather_observed') }}
)
select
  zip,
  'observed' as kind,
  observed_on as weather_on,
  cast(null as timestamp) as issued_at,
  cast(null as integer) as horizon_days,
  temperature_avg,
  precipitation,
  condition
from measured
where place = 1
union all
select n.zip, 'forecast', f.forecast_on, f.issued_at, f.horizon_days, f.temperature_avg, f.precipitation, f.condition
from newest as n
join {{ source('consumable', 'weather_forecast') }} as f on left(f.zip, 5) = n.zip and f.issued_at = n.issued_at
