{# Payments that are there twice. #}
select order_id, payment_sequential from {{ ref('dw_fact_order_payments') }} group by order_id, payment_sequential having count(*) > 1
