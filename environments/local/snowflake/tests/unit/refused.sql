-- Other dialects' SQL, and what Snowflake's pages exclude: one a line.
select * from a semi join b on a.x=b.x
select * from a left semi join b on a.x=b.x
select * from a left anti join b on a.x=b.x
select * from a anti join b using (x)
select * from a any join b on a.x=b.x
select * from a any left join b on a.x=b.x
select * from a asof join b on a.x >= b.x
select * from a asof left join b on a.x >= b.x
select * from a asof join b using (x)
select * from a asof join b match_condition (a.x = b.x)
select * from a asof join b match_condition (a.x >= b.x) on a.y > b.y
select * from a asof join b match_condition (a.x >= b.x) on a.y = b.y or a.z = b.z
select * from a join b match_condition (a.x >= b.x) on a.y = b.y
select * from a straight_join b on a.x=b.x
select straight_join * from a
select * from a left array join b
select * from a cross join b on a.x = b.x
select * from a cross join b using (x)
select * from a natural join b on a.x=b.x
select * from a natural cross join b
select * from a outer join b on a.x=b.x
select * from a left inner join b on a.x=b.x
select * from a join b using x
select * from a join b using (a.x)
select * from a inner hash join b on a.x=b.x
select * from a cross apply f(a.x)
select * from a outer apply (select 1)
select * from a lateral view explode(x) t as y
select * from a lateral view outer explode(x) t as y
select * from a, lateral a.x
select * from a join lateral flatten(input => a.x) f on true
select * from a left join table(flatten(input => a.x)) f on f.value = 1
select * from a, unnest(a.x)
select * from unnest([1,2,3])
select * from t tablesample reservoir(10)
select * from t tablesample (10 percent)
select * from t tablesample 10%
select * from t sample 10
select * from t sample 10 rows
select * from t using sample 10
select * from t using sample 10 percent (bernoulli)
select * from t tablesample (10) (bernoulli, 42)
select * from t tablesample (10) repeatable 42
select * from t tablesample (bucket 1 out of 4 on x)
select * from t sample (101)
select * from t sample (-1)
select * from t sample (1000001 rows)
select * from t sample system (10 rows)
select * from t sample block (10 rows)
select * from t sample row (10 rows) seed (99)
select * from (select * from t) sample (1) seed (99)
select * from t sample system (3) seed (2147483648)
select * from t sample ('10')
select * from t sample (10 + 1)
select a similar to 'x' from t
select a not similar to 'x' from t
select a glob 'x*' from t
select a ~~ 'x' from t
select a !~~ 'x' from t
select a ~~* 'x' from t
select a ~ 'x' from t
select a ~* 'x' from t
select a !~ 'x' from t
select a ^@ 'x' from t
select a regexp_like 'x' from t
select a match 'x' from t
select a <=> b from t
select a == b from t
select a is true from t
select a is not false from t
select a is unknown from t
select a isnull from t
select a notnull from t
select a is json from t
select a and not b xor c from t
select 7 div 2
select 2 ^ 3
select 2 ** 3
select 2 & 3
select 2 | 3
select 2 << 3
select 2 >> 3
select ~2
select ~a from t
select a # b from t
select !a from t
select a && b from t
select a @> b from t
select a <@ b from t
select a -> 'b' from t
select a ->> 'b' from t
select a #> 'b' from t
select a := 1
select @a := 1
select a at time zone 'UTC' from t
select a between symmetric 1 and 2 from t
select a between asymmetric 1 and 2 from t
select a between 1 2 from t
select a overlaps b from t
select * from t limit 10 percent
select * from t limit 10%
select * from t limit 5, 10
select * from t limit all
select * from t limit 1 + 1
select * from t limit (select 1)
select * from t limit -1
select * from t limit 1.5
select * from t limit 10 by x
select * from t limit 10 with ties
select top 10 percent * from t
select top 10 with ties * from t
select top (10) * from t
select * from t fetch first 10 rows with ties
select * from t fetch first 10 percent rows only
select * from t fetch first row only
select * from t offset 5
select * from t offset 5 limit 5
select * from t limit 5 where x
select * from t order by x where y
select * from t having x group by y
select * from t order by x group by y
select * from t group by x where y
select * from t limit 1 order by x
select * from t for update
select * from t for share
select * from t for update skip locked
select * from t lock in share mode
select distinct on (x) * from t
select unique x from t
select all distinct x from t
select * from t qualify x > 1
select x from t qualify sum(x) > 1
select * from (from t)
select * from (from t select x)
(from t)
with x as (from t) select * from x
select * from (table t)
values (1), (2)
select * into y from t
select x into temp y from t
with x as materialized (select 1) select * from x
with x as not materialized (select 1) select * from x
with x (select 1) select * from x
with recursive x as (select 1) search depth first by a set b select * from x
with recursive x as (select 1) cycle a set b using c select * from x
with x as (delete from t returning *) select * from x
with x as (insert into t values (1) returning *) select * from x
with x as (update t set a = 1 returning *) select * from x
with x as (select 1) insert into t select * from x
with x as (select 1) delete from t using x
with x as (select 1) update t set a = 1 from x
with x as (select 1) merge into t using x on true when matched then delete
(delete from t)
(insert into t values (1))
select * from (delete from t returning *)
select * from t with (nolock)
select * from t use index (i)
select * from t force index (i)
select * from t indexed by i
select * from t not indexed
select * from rows from (f(1))
select * from t with ordinality
select * from f(1) with ordinality
select * from t at (timestamp => '2024-01-01')
select * from t before (statement => 'x')
select * from t at (offset => -60)
select * from t changes (information => default) at (timestamp => '2024-01-01')
select * from t for system_time as of '2024-01-01'
select * from t for version as of 1
select * from t prewhere x
select * from t pivot (sum(a), max(b) for c in ('x'))
select * from t pivot (sum(a) for c in ('x') d in ('y'))
select * from t pivot (sum(a) for c in ('x') group by d)
select * from t pivot (median(a) for c in ('x'))
select * from t pivot (sum(a) for c in x)
select * from t pivot (sum(a) for c)
select * from (pivot t on c using sum(a))
select * from (unpivot t on a, b into name n value v)
select * from t unpivot ((a, b) for c in ((x, y)))
select * except (a) from t
select * except a from t
select * replace (a as b) exclude (c) from t
select * ilike 'a%' exclude (b) from t
select * like 'a%' from t
select t.* apply(max) from t
select sum(a) over (order by b groups between 1 preceding and current row) from t
select sum(a) over (order by b rows between 1 preceding and current row exclude ties) from t
select sum(a) over (rows between 1 preceding and current row) from t
select sum(a) over (order by b rows between x preceding and current row) from t
select sum(a) over w from t window w as (order by b)
select sum(a) over (w order by b) from t window w as (partition by c)
select sum(a) filter (where b) from t
select array_agg(a order by b) from t
select string_agg(a, ',' order by b) from t
select listagg(a order by b) from t
select array_agg(a limit 3) from t
select first_value(a having max b) over () from t
select any_value(a having min b) from t
select percentile_cont(0.5) over (order by a) within group (order by a) from t
select [1,2,3][1:2]
select a[1:2] from t
select {'a': 1}.a
select {a: 1}
select map {'a': 1}
select (1, 2).a
select struct(1 as a)
select x::hugeint from t
select x::uinteger from t
select x::ubigint from t
select x::utinyint from t
select x::int8 from t
select x::int4 from t
select x::int2 from t
select x::int64 from t
select x::int128 from t
select x::long from t
select x::bool from t
select x::blob from t
select x::bytea from t
select x::serial from t
select x::money from t
select x::bit from t
select x::json from t
select x::jsonb from t
select x::xml from t
select x::timetz from t
select x::timestamp_s from t
select x::timestamp_ms from t
select x::interval from t
select x::date32 from t
select x::signed from t
select x::unsigned from t
select x::nvarchar(max) from t
select x::varchar(max) from t
select x::int[] from t
select x::struct(a int) from t
select x::list from t
select x::enum('a') from t
select x::oid from t
select x::inet from t
select x::clob from t
select x::name from t
select x::"INT" from t
select x::foo from t
select x::decimal(39, 0) from t
select x::number(5, 6) from t
select x::number(0, 0) from t
select x::number(38, 38) from t
select x::varchar(0) from t
select x::varchar(134217729) from t
select x::binary(67108865) from t
select x::timestamp_ntz(10) from t
select x::time(10) from t
select x::float(5) from t
select x::int(5) from t
select x::bigint(5) from t
select x::date(3) from t
select x::boolean(1) from t
select x::variant(1) from t
select cast(x as int default 0 on conversion error) from t
select cast(x as date format 'YYYY') from t
select cast(x, int) from t
select try_cast(5 as int)
insert or replace into t values (1)
insert or ignore into t values (1)
insert ignore into t values (1)
insert into t values (1) on conflict do nothing
insert into t values (1) on conflict (a) do update set a = 1
insert into t values (1) on duplicate key update a = 1
insert into t by name select 1 as a
insert into t default values
insert into t values (1) returning *
insert into t as x values (1)
insert into t x values (1)
insert t values (1)
insert into table t values (1)
insert overwrite t values (1)
insert overwrite table t values (1)
insert into t partition (a = 1) values (1)
insert into t set a = 1
insert into t (a) value (1)
insert into t table u
insert into t values (select 1)
insert into t values ((select 1))
insert into t values (array_construct(1))
insert into t values (parse_json('{}'))
insert into t values ([1])
insert into t values ({'a': 1})
insert into t values (row_number() over (order by 1))
insert into t values (a)
insert into t values (1,)
insert into t select * from u returning a
insert all into t values (1) select 1
insert first when 1 = 1 then into t values (1) select 1
insert into t (a, b) overriding system value values (1, 2)
insert low_priority into t values (1)
delete t where a = 1
delete from t where a = 1 returning *
delete from t where a = 1 limit 1
delete from t where a = 1 order by a
delete from t where a = 1 order by a limit 1
delete t from t join u on t.a = u.a
delete from t, u where t.a = u.a
delete from t join u on t.a = u.a
delete from t using u returning t.a
update t set a = 1 limit 1
update t set a = 1 order by a limit 1
update t set a = 1 returning *
update t set (a, b) = (1, 2)
update t set (a, b) = (select 1, 2)
update t join u on t.a = u.a set t.b = 1
update t, u set t.b = 1
update t set a = 1 where b = 2 from u
update or ignore t set a = 1
update t from u set a = 1
update t set a += 1
merge t using u on t.a = u.a when matched then delete
merge into t using u on t.a = u.a when matched then delete returning *
merge into t using u on t.a = u.a when not matched by source then delete
merge into t using u on t.a = u.a when not matched by target then insert (a) values (1)
merge into t using u on t.a = u.a when matched then do nothing
merge into t using u on t.a = u.a when not matched then do nothing
merge into t using u on t.a = u.a when not matched then insert *
merge into t using u on t.a = u.a when matched then update set *
merge into t using u on t.a = u.a when matched then update *
merge into t using u on t.a = u.a when matched then update
merge into t using u on t.a = u.a when not matched then insert row
merge into t using u on t.a = u.a when not matched then insert default values
merge into t using u on t.a = u.a when not matched then insert by name
merge into t using u using (a) when matched then delete
merge into t using u on t.a = u.a
merge into t using u on t.a = u.a when matched then insert (a) values (1)
merge into t using u on t.a = u.a when not matched then delete
merge into t using u on t.a = u.a when not matched then update set a = 1
merge into t using u on t.a = u.a when matched update set a = 1
merge into t using u on t.a = u.a when matched then delete when matched and t.a = 1 then delete
merge into t using u on t.a = u.a when matched then update set a = 1 where t.b = 2
merge into t using u on t.a = u.a when matched then update set a = 1 delete where t.b = 2
merge into t using u on t.a = u.a when matched then error 'x'
select a from t union all by position select 1
select a from t except all select 1
select a from t intersect all select 1
select a from t except by name select 1
select a from t union corresponding select 1
select a from t group by a with rollup
select a from t group by a with cube
select a from t group by distinct a
select a from t group by all, a
select a from t group by a with totals
select a from t order by a using <
select a from t order siblings by a
select a from t order by a with fill
select a from t sort by a
select a from t cluster by a
select a from t distribute by a
select a, from t where a in (1, 2,)
select f(a,) from t
select a from t where a in (1,,2)
select a from t group by a,
select a from t order by a,
select * from t, where x = 1
select a from t where a in [1, 2]
select a from t where a in b
select a from t where a in unnest(b)
select a from t where a any (1, 2)
select 'a' 'b'
select a 'b' from t
select a as 'b' from t
select * from t 'x'
select e'a\n'
select b'1'
select n'a'
select r'a'
select u&'a'
select 0x1F
select 1_000
select int '5'
select json '{}'
select char 'a'
select interval 1 day
select interval '1' day to second
select date '2024-01-01' + interval 1 month
select 1 as order
select 1 as select
select 1 as table
select 1 as group
select 1 order
select order from t
select 1 as current_user
select * from t left
select * from t as full
select * from t as natural
select * from order
select * from values
select * from a.table
select t.from from t
select a as "x", b as in from t
select true.a from t
select case from t
select a from table
with select as (select 1) select 1
select transform(a, x -> x + 1) from t
select list_transform(a, lambda x: x + 1)
select x -> x + 1
select a::int::hugeint from t
select a from t |> where a = 1
select a from t tablesample bernoulli (10) repeatable (200) x y
select a, b from t qualify row_number() over (order by a) = 1 where a > 1
select /*! a */ b c d
select a from t where exists select 1
select * from (describe t)
select count(distinct on a) from t
select a from t where a = any(select 1) limit 1 limit 2
select as struct 1
select as value 1
select a from t procedure analyse()
select a from t into outfile 'x'
select a from t settings max_threads = 1
select a from t format json
select a from t for xml auto
select a from t for json path
select connect_by_root a from t start with b connect by prior a = b
select a from t match_recognize (pattern (a) define a as true)
select * from t where a = b(+)
select a..b from t
select a:b:c from t where 1 = 1 and
select trim(both 'x' from a) from t
select trim(leading from a) from t
select substring(a from 1 for 2) from t
select overlay(a placing b from 1) from t
select position(a, b in c) from t
select nth_value(a, 2) from first over (order by a) from t
select max(a) keep (dense_rank first order by b) from t
select a from t where (a, b) overlaps (c, d)
select cast(a as varchar character set utf8) from t
select group_concat(a separator ',') from t
select json_object('a' value 1)
select xmlelement(name foo)
select * from t partition (p1)
select * from t partition (a, b)
select * from t x(p)
select * from db.s.t as x(p, q)
select * from a join b x(p) on x.p = a.p
select * from t option (recompile)
select * from (select 1, 2) as x(p)
select * from (select 1 as a) as x(p, q)
select * from (select 1, 2 union all select 3, 4) as x(p)
select * from values (1, 2) as x(p)
select * from (values (1, 2), (3, 4)) as x(p, q, r)
with x(p) as (select 1, 2) select * from x
with x(p, q) as (select 1) select * from x
