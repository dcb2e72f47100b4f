{{ config(materialized='view') }}

select customer_id, customer_unique_id
from {{ source('consumable', 'customers') }}
