{{ config(materialized='table') }}

select
  cast(r.redeemed_at as date) as redeemed_on,
  coalesce(p.category, 'unknown') as category,
  coalesce(r.campaign_id, 'unknown') as campaign_id,
  count(*) as redemptions,
  cast(sum(r.redeemed_value) as decimal(18, 2)) as redeemed_value
from {{ source('consumable', 'coupon_redemptions') }} as r
left join {{ source('consumable', 'products') }} as p on p.product_id = r.product_id
group by cast(r.redeemed_at as date), coalesce(p.category, 'unknown'), coalesce(r.campaign_id, 'unknown')
