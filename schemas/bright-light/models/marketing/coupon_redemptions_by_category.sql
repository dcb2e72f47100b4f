{{ config(materialized='table') }}

{# A coupon is good for each of many widgets, and counts once for each category that it is good for. #}
with offered as (
  select coalesce(p.category, 'unknown') as category, coalesce(c.campaign_id, 'unknown') as campaign_id, c.coupon_code
  from {{ source('consumable', 'coupons') }} as c
  left join {{ source('consumable', 'products') }} as p on p.product_id = c.product_id
  group by coalesce(p.category, 'unknown'), coalesce(c.campaign_id, 'unknown'), c.coupon_code
), redeemed as (
  select
    coalesce(p.category, 'unknown') as category,
    coalesce(r.campaign_id, 'unknown') as campaign_id,
    r.coupon_code,
    count(*) as redemptions,
    cast(sum(r.redeemed_value) as decimal(18, 2)) as redeemed_value
  from {{ source('consumable', 'coupon_redemptions') }} as r
  left join {{ source('consumable', 'products') }} as p on p.product_id = r.product_id
  group by coalesce(p.category, 'unknown'), coalesce(r.campaign_id, 'unknown'), r.coupon_code
), coupons as (
  select category, campaign_id, coupon_code, 1 as offered, 0 as redeemed, 0 as redemptions, cast(0 as decimal(18, 2)) as redeemed_value from offered
  union all
  select category, campaign_id, coupon_code, 0, 1, redemptions, redeemed_value from redeemed
)
select
  c.category,
  c.campaign_id,
  max(n.campaign_name) as campaign_name,
  cast(sum(c.offered) as bigint) as coupons_offered,
  cast(sum(c.redeemed) as bigint) as coupons_redeemed,
  cast(sum(c.redemptions) as bigint) as redemptions,
  cast(sum(c.redeemed_value) as decimal(18, 2)) as redeemed_value,
  case when sum(c.offered) > 0 then cast(sum(c.redeemed) as double) / cast(sum(c.offered) as double) end as redemption_rate
from coupons as c
left join {{ source('consumable', 'campaigns') }} as n on n.campaign_id = c.campaign_id
group by c.category, c.campaign_id
