{# Days on which what is new in the hours does not come to what is active in the day, hours or days that are missing among them. #}
select
  coalesce(h.request_date, d.request_date) as request_date,
  h.sessions,
  d.count_active_sessions,
  h.users,
  d.count_active_users,
  h.clients,
  d.count_active_clients
from (
  select
    request_date,
    sum(count_new_sessions) as sessions,
    sum(count_new_users) as users,
    sum(count_new_clients) as clients
  from {{ ref('overview_1h') }}
  group by request_date
) as h
full join {{ ref('overview_1d') }} as d on d.request_date = h.request_date
where h.sessions is distinct from d.count_active_sessions
  or h.users is distinct from d.count_active_users
  or h.clients is distinct from d.count_active_clients
