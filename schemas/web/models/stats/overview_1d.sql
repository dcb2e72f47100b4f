{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['request_date']) }}

{# Days are made anew on which a hit came, or a hit is of a visitor who was cut anew: see hit_sessions, which says the same of visitors. #}
with
{% if is_incremental() %}
changed as (
  select h.visitor_key, h.product_action, h.transaction_id
  from {{ ref('hit_sessions') }} as h
  where h.log_id in (
    select md5(_source || '|' || _shard || '|' || _sequence_number || '|' || cast(_sub_sequence_number as string))
    from {{ source('changes', 'hits') }}
  )
), touched as (
  select visitor_key from changed
  union
  select visitor_key
  from {{ ref('hit_sessions') }}
  where product_action = 'purchase'
    and transaction_id in (select transaction_id from changed where product_action = 'purchase' and transaction_id is not null)
), days as (
  select distinct request_date
  from {{ ref('hit_sessions') }}
  where visitor_key in (select visitor_key from touched)
),
{% else %}
days as (
  select distinct request_date from {{ ref('hit_sessions') }}
),
{% endif %}
buckets as (
  select distinct date_trunc('day', h.request_timestamp) as bucket, h.request_date
  from {{ ref('hit_sessions') }} as h
  where h.request_date in (select request_date from days)
), hits as (
  select date_trunc('day', l.request_timestamp) as bucket, l.*
  from {{ ref('logs') }} as l
  where l.request_date in (select request_date from days)
), seen as (
  select
    bucket,
    count(distinct session_id) as count_active_sessions,
    count(distinct user_id) as count_active_users,
    count(distinct client_id) as count_active_clients,
    sum(case when hit_type = 'pageview' then 1 else 0 end) as pageviews
  from hits
  group by bucket
), new_sessions as (
  select bucket, count(*) as n
  from (select request_date, session_id, min(bucket) as bucket from hits where session_id is not null group by request_date, session_id) as f
  group by bucket
), new_users as (
  select bucket, count(*) as n
  from (select request_date, user_id, min(bucket) as bucket from hits where user_id is not null group by request_date, user_id) as f
  group by bucket
), new_clients as (
  select bucket, count(*) as n
  from (select request_date, client_id, min(bucket) as bucket from hits where client_id is not null group by request_date, client_id) as f
  group by bucket
), actions as (
  select date_trunc('day', p.request_timestamp) as bucket, p.*
  from {{ ref('product_actions') }} as p
  where p.request_date in (select request_date from days)
), acted as (
  select
    bucket,
    sum(case when product_action = 'click' then 1 else 0 end) as sum_of_product_clicks,
    sum(case when product_action = 'detail' then 1 else 0 end) as sum_of_product_details,
    sum(case when product_action = 'add' then 1 else 0 end) as sum_of_add_to_cart,
    sum(case when product_action = 'remove' then 1 else 0 end) as sum_of_remove_from_cart,
    sum(case when product_action = 'purchase' and transaction_id is not null then coalesce(product_quantity, 1) else 0 end) as purchased_items,
    count(distinct case when product_action = 'purchase' and transaction_id is not null then product_id end) as purchased_products
  from actions
  group by bucket
), pairs as (
  select
    bucket,
    sum(case when product_action = 'click' then 1 else 0 end) as product_clicks,
    sum(case when product_action = 'detail' then 1 else 0 end) as product_details,
    sum(case when product_action = 'add' then 1 else 0 end) as add_to_cart,
    sum(case when product_action = 'remove' then 1 else 0 end) as remove_from_cart
  from (
    select distinct bucket, product_action, session_id, product_id from actions where session_id is not null and product_id is not null
  ) as d
  group by bucket
), bought as (
  select
    date_trunc('day', b.request_timestamp) as bucket,
    count(*) as transactions,
    cast(sum(b.transaction_revenue) as decimal(18, 4)) as transaction_revenue,
    cast(sum(b.transaction_tax) as decimal(18, 4)) as transaction_tax,
    cast(sum(b.transaction_shipping) as decimal(18, 4)) as transaction_shipping
  from {{ ref('purchases') }} as b
  where b.request_date in (select request_date from days)
  group by date_trunc('day', b.request_timestamp)
)
select
  b.bucket as timestamp,
  b.request_date,
  cast(coalesce(s.count_active_sessions, 0) as bigint) as count_active_sessions,
  cast(coalesce(ns.n, 0) as bigint) as count_new_sessions,
  cast(coalesce(s.count_active_users, 0) as bigint) as count_active_users,
  cast(coalesce(nu.n, 0) as bigint) as count_new_users,
  cast(coalesce(s.count_active_clients, 0) as bigint) as count_active_clients,
  cast(coalesce(nc.n, 0) as bigint) as count_new_clients,
  cast(coalesce(s.pageviews, 0) as bigint) as pageviews,
  cast(coalesce(a.sum_of_product_clicks, 0) as bigint) as sum_of_product_clicks,
  cast(coalesce(p.product_clicks, 0) as bigint) as product_clicks,
  cast(coalesce(a.sum_of_product_details, 0) as bigint) as sum_of_product_details,
  cast(coalesce(p.product_details, 0) as bigint) as product_details,
  cast(coalesce(a.sum_of_add_to_cart, 0) as bigint) as sum_of_add_to_cart,
  cast(coalesce(p.add_to_cart, 0) as bigint) as add_to_cart,
  cast(coalesce(a.sum_of_remove_from_cart, 0) as bigint) as sum_of_remove_from_cart,
  cast(coalesce(p.remove_from_cart, 0) as bigint) as remove_from_cart,
  cast(coalesce(t.transactions, 0) as bigint) as transactions,
  coalesce(t.transaction_revenue, cast(0 as decimal(18, 4))) as transaction_revenue,
  coalesce(t.transaction_tax, cast(0 as decimal(18, 4))) as transaction_tax,
  coalesce(t.transaction_shipping, cast(0 as decimal(18, 4))) as transaction_shipping,
  cast(coalesce(a.purchased_items, 0) as bigint) as purchased_items,
  cast(coalesce(a.purchased_products, 0) as bigint) as purchased_products
from buckets as b
left join seen as s on s.bucket = b.bucket
left join new_sessions as ns on ns.bucket = b.bucket
left join new_users as nu on nu.bucket = b.bucket
left join new_clients as nc on nc.bucket = b.bucket
left join acted as a on a.bucket = b.bucket
left join pairs as p on p.bucket = b.bucket
left join bought as t on t.bucket = b.bucket
