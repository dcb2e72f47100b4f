{# Months whose sales a year ago are not those that the month a year ago has. #}
select month_of, sum(sales) as sales
from (
  select sold_month as month_of, sales_year_ago as sales from {{ ref('sales_by_zip_month') }}
  union all
  select cast(sold_month + interval '1' year as date), -sales
  from {{ ref('sales_by_zip_month') }}
  where cast(sold_month + interval '1' year as date) <= (select max(sold_month) from {{ ref('sales_by_zip_month') }})
) as both_sides
group by month_of
having sum(sales) <> 0
