-- Queries and DML that Snowflake's documentation shows, or that its clients send: one a line.
select a, b from t
select a, b, from t
select distinct a from t
select all a from t
select top 4 a from t
select t.* exclude a, u.* rename b as c from t join u using (k)
select * ilike '%id%' from t
select * exclude (a, b) replace (c + 1 as c) rename (c as d, e as f) from t
select $1, t.$2 from t
select a as "b c", b "d" from "T" as "u"
select a:b.c[0]::int, a['k'], a[0] from t
select {'a': 1, 'b': [1, 2]}, {*}, {* exclude a} from t
select 'it''s', $$dollar$$, x'41', 1e5, .5, 5., -1, +1
select date '2024-01-01', time '12:00:00', timestamp '2024-01-01 00:00:00', interval '1 day, 2 hours'
select current_date, current_timestamp, current_timestamp(3), localtime, current_user()
select case a when 1 then 'x' else 'y' end, case when a > 1 then 2 end from t
select cast(a as number(10, 2)), a::varchar(10), try_cast('1' as int) from t
select a::double precision, a::timestamp_ntz(9), a::char varying(5), a::timestamp with time zone from t
select count(*), count(distinct a, b), count(t.*) from t
select a from t where a in (1, 2) and b not in (select b from u) or (a, b) in ((1, 2), (3, 4))
select a from t where a between 1 and 2 and b not between 3 and 4
select a from t where a like 'x%' escape '^' and b ilike any ('a%', 'b%') and c like all ('a', 'b')
select a from t where a rlike 'x.*' or a regexp 'y' or a not rlike 'z'
select a from t where a is null or b is not null or a is distinct from b or a is not distinct from c
select a from t where exists (select 1 from u where u.a = t.a)
select a from t where a = any (select b from u) or a > all (select b from u)
select a from t group by a having count(*) > 1 order by 1 desc nulls last limit 10 offset 5
select a from t group by all order by all
select a, b from t group by grouping sets ((a), (b), ())
select a, b from t group by rollup (a, b), cube (c)
select a from t offset 5 rows fetch next 10 rows only
select a from t fetch first 10 rows
select a from t limit null offset null
select a from t limit ''
select a from t limit ?
select a from t limit $n
select a from t qualify row_number() over (partition by b order by c) = 1
select a, row_number() over (order by b) n from t qualify n = 1 order by a
select sum(a) over (partition by b order by c rows between unbounded preceding and current row) from t
select sum(a) over (order by c range between interval '1 day' preceding and current row) from t
select lag(a, 1, 0) ignore nulls over (order by b), first_value(a ignore nulls) over (order by b) from t
select listagg(distinct a, ',') within group (order by a) over (partition by b) from t
select percentile_cont(0.5) within group (order by a) from t
select a from t union select b from u union all select c from v
select a from t union by name select b from u
select a from t union all by name select b from u
(select a from t) intersect (select b from u) order by a limit 1
select a from t minus select b from u
select a from t except select b from u
with x as (select 1 as a), y (b) as (select a from x) select * from y
with recursive x (n) as (select 1 union all select n + 1 from x where n < 3) select * from x
select * from t, u where t.a = u.a
select * from t join u on t.a = u.a left outer join v on u.b = v.b full join w using (c)
select * from t natural left join u
select * from t cross join u
select * from t inner join u
select * from t left join u
select * from t left outer directed join u on t.a = u.a
select * from t asof join u match_condition (t.ts >= u.ts) on t.a = u.a and t.b = u.b
select * from t asof join u match_condition (t.ts < u.ts) using (a)
select * from t, lateral flatten(input => t.v, outer => true) f
select * from t join lateral flatten(input => t.v)
select * from t, table(flatten(t.v)) f
select * from t, lateral (select max(b) from u where u.a = t.a) as m
select * from table(generator(rowcount => 10)) v
select * from table(result_scan(last_query_id()))
select * from table(my_function(1, a => 2)) as f (x, y)
select * from values (1, 'a'), (2, 'b')
select v.$1 from (values (1, 'a')) as v (x, y)
select * from identifier('t')
select * from identifier($t)
select * from @stage/path/file.csv (file_format => 'f', pattern => '.*') s
select $1, metadata$filename from @db.s.stage/a-b/c=1/
select * from '@stage/path'
select * from t sample (10)
select * from t tablesample bernoulli (20.3)
select * from t sample row (0)
select * from t sample (10 rows)
select * from t sample system (3) seed (82)
select * from t sample block (0.012) repeatable (99992)
select * from (select * from t) sample (1)
select * from t as x sample (25) inner join u as y sample (50)
select * from t pivot (sum(a) for b in ('x', 'y' as z)) as p
select * from t pivot (max(a) for b in ('x', 'y') default on null (0))
select * from t unpivot include nulls (v for n in (a as x, b)) u
select model(m, v)!predict(a, b):output_feature_0::float from t
select m!predict(a):x from t
select db.s.f(a), s.f(b) from t
select f(a => 1, b => 2)
select a from t -- a comment
select /* a comment */ a from t // another
insert into t values (1, 'a', null, default), (2, 'b', current_date, upper('x'))
insert into t (a, b) select a, b from u
insert overwrite into t select * from u
insert into t with x as (select 1) select * from x
insert into db.s.t (a) values (?)
update t set a = 1, b = b + 1 where c = 2
update t set t.a = u.a from u where t.k = u.k
update t set a = u.a from (select * from u) as u left join v on u.b = v.b where t.k = u.k
delete from t
delete from t where a = 1
delete from t using u, (select k from v) as w where t.k = u.k and u.k = w.k
merge into t using u on t.k = u.k when matched and u.d = 1 then delete when matched then update set a = u.a, t.b = u.b when not matched and u.a > 0 then insert (k, a) values (u.k, u.a)
merge into t as x using (select 1 as k) as y on x.k = y.k when not matched then insert values (y.k)
select left(a, 1), right(a, 1), replace(a, 'b'), insert(a, 1, 1, 'x'), like(a, 'b') from t
select date, time, year, value, name, type, index, first, last, id, status, key, path, sequence, level, language from t
select a as date, b as value, c as name, d as row_number, e as position, f as filter from t
select position('a' in b), position('a', b), extract(year from d), extract(epoch_second, d) from t
select * from (select 1, 2) as x(p, q)
select * from (select * from t) as x(p, q)
select * from values (1, 2), (3, 4) as x(p, q)
select * from (values (1, 2)) as x(p, q)
with x(p, q) as (select 1, 2 union all select 3, 4) select p from x
with x(p) as (select * from t) select * from x
select * from table(flatten(input => a)) as f(seq, key, path, index, value, this)
