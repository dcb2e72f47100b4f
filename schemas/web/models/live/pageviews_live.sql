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
  document_referrer,
  document_title,
  document_encoding,
  user_language,
  screen_resolution,
  screen_colors
from {{ ref('logs_live') }}
where hit_type = 'pageview'
