{{ config(materialized='table') }}

with sold as (
  select distinct product_id from {{ source('consumable', 'items') }}
), named as (
  select
    p.product_id,
    p.product_category_name,
    coalesce(n.product_category_name_english, p.product_category_name) as product_category_name_english,
    p.product_name_length,
    p.product_description_length,
    p.product_photos_qty,
    p.product_weight_g,
    p.product_length_cm,
    p.product_height_cm,
    p.product_width_cm,
    cast(extract(year from p._arrived_at) as bigint) * 10000000000
      + cast(extract(month from p._arrived_at) as bigint) * 100000000
      + cast(extract(day from p._arrived_at) as bigint) * 1000000
      + cast(extract(hour from p._arrived_at) as bigint) * 10000
      + cast(extract(minute from p._arrived_at) as bigint) * 100
      + cast(floor(extract(second from p._arrived_at)) as bigint) as ref_file_extraction
  from {{ source('consumable', 'products') }} as p
  left join {{ source('consumable', 'category_names') }} as n on n.product_category_name = p.product_category_name
)
select
  coalesce(named.product_id, sold.product_id) as product_id,
  named.product_category_name,
  named.product_category_name_english,
  named.product_name_length,
  named.product_description_length,
  named.product_photos_qty,
  named.product_weight_g,
  named.product_length_cm,
  named.product_height_cm,
  named.product_width_cm,
  named.ref_file_extraction,
  named.product_id is null as is_inferred
from named
full outer join sold on sold.product_id = named.product_id
