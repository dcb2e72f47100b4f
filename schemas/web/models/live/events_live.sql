{{ config(materialized='view') }}

select
  log_id as id,
  log_id,
  request_id,
  request_timestamp,
  request_date,
  client_id,
  session_id,
  session_id_by_day,
  user_id,
  user_ip,
  user_agent_id,
  is_robot,
  document_location,
  document_title,
  event_category,
  event_action,
  event_label,
  event_value
from {{ ref('logs_live') }}
where hit_type = 'event' and event_category is not null
