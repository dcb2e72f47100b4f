{# Addresses of people that do not end where the next begins, and people of whom not one is the current. #}
select surrogate_key
from (
  select
    surrogate_key,
    valid_to,
    is_current,
    lead(valid_from) over (partition by customer_unique_id order by version_no asc nulls last) as next_from
  from {{ ref('dw_dim_customers') }}
) as followed
where valid_to is distinct from next_from or is_current <> (valid_to is null)
