{{ config(materialized='table') }}

{# A month has a row, too, where only the same month of the year before sold something. #}
with months as (
  select
    sold_month,
    zip,
    category,
    count(distinct order_id) as orders,
    cast(sum(quantity) as bigint) as units,
    cast(sum(line_total) as decimal(18, 2)) as sales
  from {{ ref('stg_sales') }}
  group by sold_month, zip, category
), newest as (
  select max(sold_month) as month from months
), beside as (
  select sold_month, zip, category, orders, units, sales, cast(0 as bigint) as units_year_ago, cast(0 as decimal(18, 2)) as sales_year_ago
  from months
  union all
  select cast(m.sold_month + interval '1' year as date), m.zip, m.category, 0, 0, cast(0 as decimal(18, 2)), m.units, m.sales
  from months as m
  cross join newest as n
  where cast(m.sold_month + interval '1' year as date) <= n.month
), summed as (
  select
    sold_month,
    zip,
    category,
    cast(sum(orders) as bigint) as orders,
    cast(sum(units) as bigint) as units,
    cast(sum(sales) as decimal(18, 2)) as sales,
    cast(sum(units_year_ago) as bigint) as units_year_ago,
    cast(sum(sales_year_ago) as decimal(18, 2)) as sales_year_ago
  from beside
  group by sold_month, zip, category
)
select
  s.sold_month,
  s.zip,
  coalesce(z.city, 'unknown') as city,
  coalesce(z.state, 'unknown') as state,
  s.category,
  s.orders,
  s.units,
  s.sales,
  s.units_year_ago,
  s.sales_year_ago,
  cast(s.sales - s.sales_year_ago as decimal(18, 2)) as difference,
  case when s.sales_year_ago > 0 then 100 * cast(s.sales - s.sales_year_ago as double) / cast(s.sales_year_ago as double) end as difference_percent
from summed as s
left join {{ ref('stg_zips') }} as z on z.zip = s.zip
