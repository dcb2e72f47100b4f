{# Days whose activity by place does not come to that by referral, or to the sessions. #}
select on_day, sum(by_place) as by_place, sum(by_referral) as by_referral
from (
  select activity_on as on_day, sessions as by_place, 0 as by_referral from {{ ref('site_activity_by_geography') }}
  union all
  select referred_on, 0, sessions from {{ ref('campaign_referrals') }}
  union all
  select started_on, -1, -1 from {{ ref('web_sessions') }}
) as all_sides
group by on_day
having sum(by_place) <> 0 or sum(by_referral) <> 0
