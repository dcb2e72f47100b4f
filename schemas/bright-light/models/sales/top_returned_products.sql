{{ config(materialized='table') }}

with days as (
  select cast(returned_at as date) as on_day, product_id, 1 as returns, quantity as returned, 0 as sold
  from {{ source('consumable', 'returns') }}
  union all
  select sold_on, product_id, 0, 0, quantity from {{ ref('stg_sales') }}
), periods as (
  select 'day' as period, on_day as begins_on, product_id, returns, returned, sold from days
  union all
  select 'week', cast(date_trunc('week', on_day) as date), product_id, returns, returned, sold from days
  union all
  select 'month', cast(date_trunc('month', on_day) as date), product_id, returns, returned, sold from days
), summed as (
  select
    period,
    begins_on,
    product_id,
    cast(sum(returns) as bigint) as returns,
    cast(sum(returned) as bigint) as units_returned,
    cast(sum(sold) as bigint) as units_sold
  from periods
  group by period, begins_on, product_id
), rated as (
  select *, case when units_sold > 0 then cast(units_returned as double) / cast(units_sold as double) end as return_rate
  from summed
  where returns > 0
)
select
  r.period,
  r.begins_on,
  r.product_id,
  p.product_name,
  coalesce(p.category, 'unknown') as category,
  r.returns,
  r.units_returned,
  r.units_sold,
  r.return_rate,
  cast(row_number() over (
    partition by r.period, r.begins_on order by r.units_returned desc nulls last, r.product_id asc nulls last
  ) as bigint) as rank_by_returns,
  cast(row_number() over (
    partition by r.period, r.begins_on order by r.return_rate desc nulls last, r.product_id asc nulls last
  ) as bigint) as rank_by_rate
from rated as r
left join {{ source('consumable', 'products') }} as p on p.product_id = r.product_id
