{{ config(materialized='table') }}

with spelled as (
  select customer_zip_code_prefix, customer_city, customer_state, count(*) as nu_customers
  from {{ ref('dw_map_customers') }}
  where customer_zip_code_prefix is not null
  group by customer_zip_code_prefix, customer_city, customer_state
), ranked as (
  select
    customer_zip_code_prefix,
    customer_city,
    customer_state,
    row_number() over (
      partition by customer_zip_code_prefix
      order by nu_customers desc nulls last, customer_city asc nulls last, customer_state asc nulls last
    ) as place,
    count(*) over (partition by customer_zip_code_prefix) as nu_spellings
  from spelled
)
select customer_zip_code_prefix, customer_city, customer_state, cast(nu_spellings as bigint) as nu_spellings
from ranked
where place = 1
