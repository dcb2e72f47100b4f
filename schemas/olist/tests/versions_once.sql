{# Versions that are there twice, and orders of which not one is the latest. #}
select order_id, last_change, count(*) as versions
from {{ ref('checkout_order_versions') }}
group by order_id, last_change
having count(*) > 1
union all
select order_id, max(last_change), count(*)
from {{ ref('checkout_order_versions') }}
group by order_id
having sum(case when is_latest then 1 else 0 end) <> 1
