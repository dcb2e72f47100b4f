{# Items that are there twice. #}
select order_id, order_item_id from {{ ref('dw_fact_order_items') }} group by order_id, order_item_id having count(*) > 1
