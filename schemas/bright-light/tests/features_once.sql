{# Features that stand more than once. #}
select product_id, zip, feature_on, count(*) as times
from {{ ref('widget_weather_features') }}
group by product_id, zip, feature_on
having count(*) > 1
