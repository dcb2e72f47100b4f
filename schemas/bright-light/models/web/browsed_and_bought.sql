{{ config(materialized='table') }}

{# Sales and looks are summed each for themselves before they meet: joined row by row, each sale would count once for every look. #}
with browsed as (
  select
    s.customer_id,
    coalesce(r.product_viewed, r.product_added) as product_id,
    cast(sum(case when r.product_viewed is not null then 1 else 0 end) as bigint) as views,
    cast(sum(case when r.product_added is not null then 1 else 0 end) as bigint) as adds_to_cart,
    cast(0 as bigint) as units_bought,
    cast(0 as decimal(18, 2)) as spend
  from {{ ref('web_requests') }} as r
  join {{ ref('web_sessions') }} as s on s.session_id = r.session_id
  where s.customer_id is not null and coalesce(r.product_viewed, r.product_added) is not null
  group by s.customer_id, coalesce(r.product_viewed, r.product_added)
), bought as (
  select
    customer_id,
    product_id,
    cast(0 as bigint) as views,
    cast(0 as bigint) as adds_to_cart,
    cast(sum(quantity) as bigint) as units_bought,
    cast(sum(line_total) as decimal(18, 2)) as spend
  from {{ ref('stg_sales') }}
  where customer_id is not null
  group by customer_id, product_id
)
select
  t.customer_id,
  t.product_id,
  coalesce(max(p.category), 'unknown') as category,
  cast(sum(t.views) as bigint) as views,
  cast(sum(t.adds_to_cart) as bigint) as adds_to_cart,
  cast(sum(t.units_bought) as bigint) as units_bought,
  cast(sum(t.spend) as decimal(18, 2)) as spend
from (select * from browsed union all select * from bought) as t
left join {{ source('consumable', 'products') }} as p on p.product_id = t.product_id
group by t.customer_id, t.product_id
