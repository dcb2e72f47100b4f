{{ config(materialized='view') }}

select zip, min(city) as city, min(state) as state
from (
  select zip, city, state from {{ ref('stg_customers') }}
  union all
  select left(ship_zip, 5) as zip, ship_city as city, ship_state as state from {{ source('consumable', 'orders') }}
) as known
where zip is not null
group by zip
