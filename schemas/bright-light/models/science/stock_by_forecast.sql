{{ config(materialized='table') }}

{# A zip code counts for the warehouse that is there soonest, so that no widget is kept ready twice. What is to be sold on a day is what was sold on
   days that were like it, a day; where there were none, what was sold on all days. Whole thousandths: sums of them are the same in any order. #}
with deliveries as (
  select warehouse_id, warehouse_name, zip
  from (
    select
      warehouse_id,
      warehouse_name,
      left(zip, 5) as zip,
      row_number() over (partition by left(zip, 5) order by delivery_days asc nulls last, warehouse_id asc nulls last) as place
    from {{ source('consumable', 'warehouses') }}
  ) as w
  where place = 1
), upon as (
  select product_id, zip, condition, sum(units) as units, count(*) as days
  from {{ ref('widget_weather_features') }}
  where condition is not null
  group by product_id, zip, condition
), overall as (
  select product_id, zip, max(category) as category, sum(units) as units, count(*) as days
  from {{ ref('widget_weather_features') }}
  group by product_id, zip
)
select
  d.warehouse_id,
  max(d.warehouse_name) as warehouse_name,
  o.product_id,
  max(o.category) as category,
  w.weather_on as needed_on,
  w.horizon_days,
  min(w.issued_at) as issued_at,
  count(*) as zips,
  cast(
    cast(sum(cast(floor(1000 * cast(coalesce(u.units, o.units) as double) / cast(coalesce(u.days, o.days) as double)) as bigint)) as bigint)
      * cast(0.001 as decimal(4, 3))
    as decimal(18, 3)) as expected_units
from deliveries as d
join {{ ref('weather_by_zip') }} as w on w.zip = d.zip and w.kind = 'forecast'
join overall as o on o.zip = d.zip
left join upon as u on u.zip = d.zip and u.product_id = o.product_id and u.condition = w.condition
group by d.warehouse_id, o.product_id, w.weather_on, w.horizon_days
