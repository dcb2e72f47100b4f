{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['customer_id']) }}

{# All sales of each customer of whom anything has changed are made anew: what was sold late changes all totals behind it. #}
with
{% if is_incremental() %}
touched as (
  select customer_id from {{ source('changes', 'orders') }}
  union
  select o.customer_id
  from {{ source('consumable', 'orders') }} as o
  where o.order_id in (select order_id from {{ source('changes', 'order_lines') }})
     or o.order_id in (select order_id from {{ source('changes', 'coupon_redemptions') }})
),
{% endif %}
sold as (
  select
    s.customer_id,
    s.order_id,
    min(s.ordered_at) as ordered_at,
    cast(sum(s.quantity) as bigint) as units,
    cast(sum(s.line_total) as decimal(18, 2)) as spend
  from {{ ref('stg_sales') }} as s
  where s.customer_id is not null
  {% if is_incremental() %}
    and s.customer_id in (select customer_id from touched)
  {% endif %}
  group by s.customer_id, s.order_id
), used as (
  select order_id, count(distinct coupon_code) as coupons, cast(sum(redeemed_value) as decimal(18, 2)) as coupon_value
  from {{ source('consumable', 'coupon_redemptions') }}
  group by order_id
), sales as (
  select
    s.customer_id,
    s.order_id,
    s.ordered_at,
    s.units,
    s.spend,
    coalesce(u.coupons, 0) as coupons,
    coalesce(u.coupon_value, cast(0 as decimal(18, 2))) as coupon_value,
    12 * extract(year from s.ordered_at) + extract(month from s.ordered_at) as month_number
  from sold as s
  left join used as u on u.order_id = s.order_id
), running as (
  select
    *,
    row_number() over (partition by customer_id order by ordered_at asc nulls first, order_id asc nulls first) as sale_number,
    sum(units) over (
      partition by customer_id order by ordered_at asc nulls first, order_id asc nulls first rows between unbounded preceding and current row
    ) as units_so_far,
    sum(spend) over (
      partition by customer_id order by ordered_at asc nulls first, order_id asc nulls first rows between unbounded preceding and current row
    ) as spend_so_far,
    sum(coupons) over (
      partition by customer_id order by ordered_at asc nulls first, order_id asc nulls first rows between unbounded preceding and current row
    ) as coupons_so_far,
    sum(coupon_value) over (
      partition by customer_id order by ordered_at asc nulls first, order_id asc nulls first rows between unbounded preceding and current row
    ) as coupon_value_so_far,
    1 + month_number - min(month_number) over (partition by customer_id) as months_so_far
  from sales
)
select
  customer_id,
  order_id,
  ordered_at,
  cast(sale_number as bigint) as sale_number,
  units,
  spend,
  cast(coupons as bigint) as coupons,
  coupon_value,
  cast(units_so_far as bigint) as units_so_far,
  cast(spend_so_far as decimal(18, 2)) as spend_so_far,
  cast(spend_so_far as double) / cast(sale_number as double) as average_spend_per_sale,
  cast(spend_so_far as double) / cast(months_so_far as double) as average_spend_per_month,
  cast(coupons_so_far as bigint) as coupons_so_far,
  cast(coupon_value_so_far as decimal(18, 2)) as coupon_value_so_far
from running
