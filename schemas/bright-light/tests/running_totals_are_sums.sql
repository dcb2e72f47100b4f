{# Customers whose last totals are not the sums of their sales. #}
select customer_id, sum(spend) as spend, sum(units) as units
from (
  select customer_id, line_total as spend, quantity as units from {{ ref('stg_sales') }} where customer_id is not null
  union all
  select customer_id, -spend_so_far, -units_so_far
  from (
    select *, row_number() over (partition by customer_id order by sale_number desc nulls last) as place from {{ ref('customer_running_totals') }}
  ) as latest
  where place = 1
) as both_sides
group by customer_id
having sum(spend) <> 0 or sum(units) <> 0
