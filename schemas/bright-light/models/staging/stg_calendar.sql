{{ config(materialized='view') }}

{# Days that something is known of. Holidays are those of the United States; date_trunc of a week is its Monday everywhere. #}
with days as (
  select observed_on as calendar_day from {{ source('consumable', 'weather_observed') }}
  union
  select sold_on from {{ ref('stg_sales') }}
), placed as (
  select
    calendar_day,
    cast(date_trunc('week', calendar_day) as date) as monday,
    cast(extract(month from calendar_day) as integer) as month_number,
    cast(extract(day from calendar_day) as integer) as day_number
  from days
  where calendar_day is not null
)
select
  calendar_day,
  (month_number = 1 and day_number = 1)
    or (month_number = 6 and day_number = 19)
    or (month_number = 7 and day_number = 4)
    or (month_number = 11 and day_number = 11)
    or (month_number = 12 and day_number = 25)
    or (calendar_day = monday and month_number = 1 and day_number between 15 and 21)
    or (calendar_day = monday and month_number = 2 and day_number between 15 and 21)
    or (calendar_day = monday and month_number = 5 and day_number between 25 and 31)
    or (calendar_day = monday and month_number = 9 and day_number between 1 and 7)
    or (calendar_day = monday and month_number = 10 and day_number between 8 and 14)
    or (calendar_day = cast(monday + interval '3' day as date) and month_number = 11 and day_number between 22 and 28) as is_holiday
from placed
