{{ config(materialized='view') }}

{# Work that was tried again is one run with several ends: the one that committed counts, then the last. #}
with ends as (
  select
    run_id,
    dataset,
    ended_at,
    records,
    rows,
    dead_letters,
    duplicates,
    row_number() over (partition by run_id order by coalesce(files, 0) desc nulls last, ended_at desc nulls last) as place
  from {{ source('lake', 'runs') }}
  where kind = 'repartition' and outcome = 'complete'
)
select
  'raw' as str_origin_zone,
  'trusted' as str_target_zone,
  dataset as str_process,
  cast(extract(year from ended_at) as bigint) * 10000
    + cast(extract(month from ended_at) as bigint) * 100
    + cast(extract(day from ended_at) as bigint) as ref,
  cast(extract(year from ended_at) as bigint) * 10000000000
    + cast(extract(month from ended_at) as bigint) * 100000000
    + cast(extract(day from ended_at) as bigint) * 1000000
    + cast(extract(hour from ended_at) as bigint) * 10000
    + cast(extract(minute from ended_at) as bigint) * 100
    + cast(floor(extract(second from ended_at)) as bigint) as dt_proc,
  records as nu_qtd_rows,
  rows as num_affected_rows,
  duplicates as num_duplicate_rows,
  run_id
from ends
where place = 1
