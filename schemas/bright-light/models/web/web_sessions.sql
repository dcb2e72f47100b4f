{{ config(materialized='table') }}

with sold as (
  select order_id, min(customer_id) as customer_id, cast(sum(line_total) as decimal(18, 2)) as revenue
  from {{ ref('stg_sales') }}
  group by order_id
), ordered as (
  {# A page of thanks that is looked at again has sold nothing: an order is of the session that showed it first. #}
  select session_id, order_id
  from (
    select
      session_id,
      order_id,
      row_number() over (partition by order_id order by requested_at asc nulls last, log_id asc nulls last) as place
    from {{ ref('web_requests') }}
    where order_id is not null
  ) as seen
  where place = 1
), bought as (
  select o.session_id, min(s.customer_id) as customer_id, count(*) as orders, cast(sum(s.revenue) as decimal(18, 2)) as revenue
  from ordered as o
  join sold as s on s.order_id = o.order_id
  group by o.session_id
), logins as (
  select r.session_id, min(c.customer_id) as customer_id
  from (select distinct session_id, login from {{ ref('web_requests') }} where login is not null) as r
  join {{ ref('stg_customers') }} as c on c.email = r.login
  group by r.session_id
), sessions as (
  select
    session_id,
    min(visitor_key) as visitor_key,
    min(requested_at) as started_at,
    max(requested_at) as ended_at,
    cast(sum(case when is_page_view then 1 else 0 end) as bigint) as page_views,
    count(distinct product_viewed) as products_viewed,
    cast(sum(case when product_added is not null then 1 else 0 end) as bigint) as adds_to_cart,
    max(case when place_in_session = 1 then utm_source end) as utm_source,
    max(case when place_in_session = 1 then utm_medium end) as utm_medium,
    max(case when place_in_session = 1 then utm_campaign end) as utm_campaign,
    max(case when place_in_session = 1 then referrer_host end) as referrer_host
  from {{ ref('web_requests') }}
  group by session_id
), placed as (
  select s.*, coalesce(l.customer_id, b.customer_id) as customer_id, b.orders, b.revenue
  from sessions as s
  left join bought as b on b.session_id = s.session_id
  left join logins as l on l.session_id = s.session_id
)
select
  s.session_id,
  s.visitor_key,
  s.started_at,
  s.ended_at,
  cast(s.started_at as date) as started_on,
  cast(
    extract(day from cast(s.ended_at as timestamp) - cast(s.started_at as timestamp)) * 86400
      + extract(hour from cast(s.ended_at as timestamp) - cast(s.started_at as timestamp)) * 3600
      + extract(minute from cast(s.ended_at as timestamp) - cast(s.started_at as timestamp)) * 60
      + floor(extract(second from cast(s.ended_at as timestamp) - cast(s.started_at as timestamp)))
    as bigint) as seconds_on_site,
  s.page_views,
  cast(s.products_viewed as bigint) as products_viewed,
  s.adds_to_cart,
  cast(coalesce(s.orders, 0) as bigint) as orders,
  coalesce(s.revenue, cast(0 as decimal(18, 2))) as revenue,
  s.customer_id,
  coalesce(c.zip, 'unknown') as zip,
  coalesce(s.utm_source, s.referrer_host, '(direct)') as source,
  coalesce(s.utm_medium, case when s.utm_source is null and s.referrer_host is not null then 'referral' end, '(none)') as medium,
  coalesce(s.utm_campaign, '(none)') as campaign,
  coalesce(s.referrer_host, '(none)') as referrer_host
from placed as s
left join {{ ref('stg_customers') }} as c on c.customer_id = s.customer_id
