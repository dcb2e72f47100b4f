{{ config(materialized='view') }}

{# Agents that no build has parsed yet have no more than their name, and what the collector takes them for. #}
select
  id,
  user_agent,
  is_robot,
  browser_name,
  browser_version,
  browser_major,
  os_name,
  os_version,
  device_type,
  device_model,
  device_vendor,
  cpu_architecture,
  engine_name,
  engine_version
from {{ source('lookups', 'user_agents') }}
union all
select
  h.user_agent_id as id,
  h.user_agent,
  max(case when h.is_robot then 1 else 0 end) = 1 as is_robot,
  cast(null as string) as browser_name,
  cast(null as string) as browser_version,
  cast(null as string) as browser_major,
  cast(null as string) as os_name,
  cast(null as string) as os_version,
  cast(null as string) as device_type,
  cast(null as string) as device_model,
  cast(null as string) as device_vendor,
  cast(null as string) as cpu_architecture,
  cast(null as string) as engine_name,
  cast(null as string) as engine_version
from {{ ref('stg_hits_live') }} as h
where h.user_agent is not null
  and not exists (select 1 from {{ source('lookups', 'user_agents') }} as a where a.id = h.user_agent_id)
group by h.user_agent_id, h.user_agent
