{# Months whose sales by zip code and category do not come to what days do, or to what customers spent. #}
select sold_month, sum(sales) as sales, sum(units) as units
from (
  select sold_month, sales, units from {{ ref('sales_by_zip_month') }}
  union all
  select cast(date_trunc('month', sold_on) as date), -spend, -units from {{ ref('spend_by_zip_day') }}
) as both_sides
group by sold_month
having sum(sales) <> 0 or sum(units) <> 0
