{{ config(materialized='table') }}

with newest as (
  select max(sold_on) as until from {{ ref('stg_sales') }}
), lately as (
  select s.*
  from {{ ref('stg_sales') }} as s
  cross join newest as n
  where s.sold_on > cast(n.until - interval '{{ var('top_days', 90) }}' day as date) and s.customer_id is not null
), customers as (
  select customer_id, cast(sum(line_total) as decimal(18, 2)) as spend, count(distinct order_id) as orders
  from lately
  group by customer_id
), ranked as (
  select
    customer_id,
    spend,
    orders,
    row_number() over (order by spend desc nulls last, customer_id asc nulls last) as customer_rank,
    count(*) over () as customers
  from customers
), categories as (
  select
    customer_id,
    category,
    spend,
    row_number() over (partition by customer_id order by spend desc nulls last, category asc nulls last) as category_rank
  from (
    select customer_id, category, cast(sum(line_total) as decimal(18, 2)) as spend
    from lately
    group by customer_id, category
  ) as c
)
select
  cast(r.customer_rank as bigint) as customer_rank,
  r.customer_id,
  r.spend,
  r.orders,
  cast(c.category_rank as bigint) as category_rank,
  c.category,
  c.spend as category_spend
from ranked as r
join categories as c on c.customer_id = r.customer_id
where 100 * (r.customer_rank - 1) < {{ var('top_percent', 10) }} * r.customers and c.category_rank <= {{ var('top_categories', 3) }}
