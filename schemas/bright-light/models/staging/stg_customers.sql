{{ config(materialized='view') }}

select customer_id, email, city, state, left(zip, 5) as zip, segment, registered_at
from {{ source('consumable', 'customers') }}
