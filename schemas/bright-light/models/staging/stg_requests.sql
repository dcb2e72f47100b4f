{{ config(materialized='view') }}

{# The site's addresses: /p/ID is a widget's page, /cart/add?product=ID puts it into the cart, /checkout/thanks?order=ID has been ordered. #}
select
  md5(_source || '|' || _shard || '|' || _sequence_number || '|' || cast(_sub_sequence_number as string)) as log_id,
  coalesce(visitor_id, md5(coalesce(host, '') || '|' || coalesce(agent, ''))) as visitor_key,
  datetime as requested_at,
  authuser as login,
  server,
  method,
  path,
  query,
  request,
  status,
  coalesce(
    method = 'GET' and status between 200 and 299 and path not like '/static/%'
      and regexp_extract(path, '[.](css|js|png|jpg|jpeg|gif|ico|svg|woff2|txt|xml)$', 1) = '',
    false) as is_page_view,
  case when method = 'GET' and status between 200 and 299 then nullif(regexp_extract(path, '^/p/([^/]+)$', 1), '') end as product_viewed,
  case when status between 200 and 399 and path = '/cart/add' then nullif(regexp_extract(query, '(?:^|&)product=([^&]*)', 1), '') end as product_added,
  case when status between 200 and 299 and path = '/checkout/thanks' then nullif(regexp_extract(query, '(?:^|&)order=([^&]*)', 1), '') end as order_id,
  nullif(regexp_extract(query, '(?:^|&)utm_source=([^&]*)', 1), '') as utm_source,
  nullif(regexp_extract(query, '(?:^|&)utm_medium=([^&]*)', 1), '') as utm_medium,
  nullif(regexp_extract(query, '(?:^|&)utm_campaign=([^&]*)', 1), '') as utm_campaign,
  nullif(nullif(lower(regexp_extract(referer, '^[A-Za-z]+:/+([^/?#:]+)', 1)), ''), '{{ var('site_host', 'www.brightlight.example') }}') as referrer_host
from {{ source('consumable', 'web_logs') }}
where datetime is not null
  and regexp_extract(lower(coalesce(agent, '')), '(bot|crawl|spider|slurp|curl|wget|python|monitor)', 1) = ''
