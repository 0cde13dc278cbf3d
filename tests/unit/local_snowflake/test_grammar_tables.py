"""Statements on tables, views and streams, as their pages have them and as they do not."""

import pytest

from tests.unit.local_snowflake.admitting import admits

ACCEPTED = """
create table t (a int, b varchar(10) default 'x')
create or replace transient table db.s.t (a int) cluster by (a) data_retention_time_in_days = 1 comment = 'c'
create local temporary table if not exists t (a int) with tag (cost = 'x') copy grants
create scoped temp table t as select 1 as a
create table t (a) change_tracking = true as select 1
create or replace table t cluster by (a) copy grants as select a from u
create or alter table t (a int) comment = 'c'
create table t like u copy grants
create or replace temporary table t clone u at (offset => -60*5) copy grants
create table t using template (select array_agg(object_construct(*)) from table(infer_schema(location => '@s')))
create table t (a int) with row access policy p on (a) with aggregation policy q entity key (a)
alter table if exists t rename to db.s.u
alter table t swap with u
alter table t add column a int not null default 1, b varchar
alter table t add column if not exists a number(10, 2) comment 'c'
alter table t rename column a to b
alter table t alter column a set data type varchar(50), column b drop not null
alter table t modify (a set not null, b comment 'c')
alter table t drop column if exists a, b
alter table t cluster by (a, to_date(b))
alter table t cluster by linear(a)
alter table t suspend recluster
alter table t drop clustering key
alter table t set change_tracking = true, comment = 'c'
alter table t set data_retention_time_in_days = 30 enable_schema_evolution = true
alter table t unset comment, change_tracking
alter table t set tag cost = 'x', db.s.team = 'y'
alter table t unset tag cost
alter table t modify column a set masking policy p using (a, b) force
alter table t drop row access policy p, add row access policy q on (a)
alter table t drop all row access policies
alter table t add constraint k primary key (a, b) rely
alter table t add foreign key (a) references u (b) on delete cascade
alter table t drop primary key
alter table t rename constraint k to l
alter table t add search optimization on equality(a)
drop table if exists t cascade
truncate table if exists db.s.t
truncate t
describe table db.s.t type = columns
desc table t
show tables
show terse tables history like 'x%' in schema db.s starts with 'X' limit 10 from 'XA'
show tables in account
show tables in database
show tables in db.s
show objects in database db starts with 'H'
show columns like 'a%' in table db.s.t
show columns in view v
show columns in t
create view v as select 1 as a
create or replace secure view db.s.v (a comment 'c', b) copy grants comment = 'c' as select 1, 2
create view if not exists v (a with masking policy p using (a, b) with tag (cost = 'x')) change_tracking = true as select 1
create temporary recursive view v (a) as select 1
create or alter secure view v comment = 'c' as with x as (select 1 as a) select a from x
create scoped temporary view v as select 1 as a
alter view v rename to w
alter view v set secure
alter view v unset comment
alter view v set tag cost = 'x'
alter view v modify column a set masking policy p, column b set masking policy p
alter view v add row access policy p on (a)
drop view if exists v
describe view v
show terse views like 'x' in schema db.s limit 5
create stream s on table t
create or replace stream db.s.s with tag (cost = 'x') copy grants on table t at (timestamp => '2024-01-01'::timestamp) append_only = true show_initial_rows = false comment = 'c'
create stream if not exists s on view v before (statement => 'abc')
create stream s on external table t insert_only = true
create stream s on stage st comment = 'c'
create stream s on dynamic table d
create stream s on table t at (stream => 'other')
create or alter stream s on table t comment = 'c'
create stream s clone other
alter stream if exists s set comment = 'c'
alter stream s set tag cost = 'x'
drop stream if exists s
desc stream s
show terse streams like 'x' in account starts with 'X' limit 1
create dynamic table d target_lag = '1 minute' warehouse = w as select a from t
create or replace transient dynamic table d (a, b) target_lag = downstream warehouse = w refresh_mode = incremental initialize = on_schedule cluster by (a) comment = 'c' as select a, b from t
create dynamic table if not exists d warehouse = w scheduler = disable as select a from t
create dynamic table d clone e target_lag = '2 hours' warehouse = w
create or alter dynamic table d target_lag = '5 minutes' warehouse = w as select a from t
alter dynamic table d suspend
alter dynamic table if exists d refresh copy session
alter dynamic table d, e refresh
alter dynamic table d set target_lag = '5 minutes', warehouse = w
alter dynamic table d unset initialization_warehouse
alter dynamic table d set comment = 'c'
alter dynamic table d rename to e
alter dynamic table d alter column a comment 'c'
drop dynamic table if exists d
describe dynamic table d
show dynamic tables like 'x' in db.s starts with 'X' limit 3
"""

REFUSED = """
create table t
create table (a int)
create secure table t (a int)
create managed table t (a int)
create transient temporary table t (a int)
create or replace table if not exists t (a int)
create or alter table if not exists t (a int)
create or alter transient table t like u
create table t comment = 'x' (a int)
create table t (a int) comment 'x'
create table t (a int) comment = x
create table t (a int) comment = 'x' comment = 'y'
create table t (a int) data_retention_time_in_days = 91
create table t (a int) data_retention_time_in_days = -1
create table t (a int) data_retention_time_in_days = '1'
create table t (a int) change_tracking = yes
create table t (a int) retention = 1
create table t (a int) auto_refresh = true
create table t (a int) warehouse = w
create table t (a int) cluster by a
create table t (a int) copy grant
create table t (a int) engine = innodb
create table t (a int) with (fillfactor = 70)
create table t (a int) on commit drop
create table t (a int) partition by (a)
create table t (a int) tag (cost = 1)
create table t (a int) row access policy p
create table t as insert into u values (1)
create table t as
create table t as table u
create table a.b.c.d (a int)
create table 't' (a int)
create table t (a int) extra
create table t like u clone v
create table t like 'u'
create table t clone u at (day => 1)
create table t using template
create unlogged table t (a int)
create or replace table t (a int) if not exists
alter table t
alter table t rename u
alter table t rename to
alter table t swap u
alter table t add
alter table t add column
alter table t drop
alter table t set
alter table t set comment 'c'
alter table t set nonsense = 1
alter table t set change_tracking = 1
alter table t set tag cost = x
alter table t set transient
alter table t unset
alter table t unset nonsense
alter table t unset comment = 'c'
alter table t cluster by a
alter table t alter a set default
alter table t rename column a b
alter table t suspend
alter table t resume
alter table t refresh
alter table t owner to r
alter table t add row access policy p
alter table t drop row access policy
alter table t modify column a set masking policy
alter table t set masking policy p
alter table only t add column a int
drop table
drop table t, u
drop table t force
drop table if not exists t
drop table t purge
truncate
truncate table t, u
truncate table t restart identity
truncate table if not exists t
describe table t extended
describe table t type = rows
describe table if exists t
show tables like x
show tables like 'x' like 'y'
show tables limit 10 like 'x'
show tables in schema s in database d
show tables in warehouse w
show tables limit 0
show tables limit 10001
show tables limit 'x'
show tables starts 'x'
show tables starts with x
show tables where name = 'x'
show tables from s
show history tables
show full tables
show tables root only
show terse columns in table t
show columns from t
show columns in table t limit 5
show columns starts with 'a'
show objects history
show objects in warehouse w
create view v
create view v as
create view v select 1
create transient view v as select 1
create view v as insert into t values (1)
create or replace view if not exists v as select 1
create or alter view if not exists v as select 1
create or alter view v copy grants as select 1
create materialised view v as select 1
create view v (a int) as select 1
create view v () as select 1
create view v comment 'c' as select 1
create view v comment = 'c' comment = 'd' as select 1
create view v warehouse = w as select 1
create view v data_retention_time_in_days = 1 as select 1
create view v cluster by (a) as select 1
create view v change_tracking = maybe as select 1
create recursive secure view v as select 1
create force view v as select 1
alter view v
alter view v as select 2
alter view v set secure comment = 'c'
alter view v set data_retention_time_in_days = 1
alter view v unset change_tracking
alter view v set comment 'c'
alter view v rename w
alter view v refresh
alter view v suspend
alter view v add column a int default 1 primary key
alter view v unset tag
drop view v cascade
drop view v restrict
drop view
describe view v type = columns
show views history
show views like v
show views limit 10 starts with 'x'
create stream s
create stream s on t
create stream s on table
create stream s on task t
create transient stream s on table t
create temporary stream s on table t
create secure stream s on table t
create or replace stream if not exists s on table t
create stream s on table t append_only
create stream s on table t append_only = 'maybe'
create stream s on table t append_only = true append_only = false
create stream s on table t insert_only = true
create stream s on external table t append_only = true
create stream s on external table t insert_only = false
create stream s on dynamic table d append_only = true
create stream s on stage st show_initial_rows = true
create stream s comment = 'c' on table t
create stream s on table t comment 'c'
create stream s on table t warehouse = w
create stream s on table t schedule = '5 minutes'
create stream s on table t append_only = true at (offset => -1)
create stream s on table t at (sometime => 1)
create stream s on table t at offset => -1
create or alter stream s on table t at (offset => -1)
create stream s on table a.b.c.d
alter stream s set append_only = true
alter stream s resume
alter stream s rename to u
alter stream s
drop stream s cascade
describe stream s on table t
show streams on table t
show streams history
show streams like s
create dynamic table d as select 1
create dynamic table d target_lag = '5' warehouse = w as select 1
create dynamic table d target_lag = '5 weeks' warehouse = w as select 1
create dynamic table d target_lag = 5 warehouse = w as select 1
create dynamic table d target_lag = upstream warehouse = w as select 1
create dynamic table d target_lag '1 minute' warehouse = w as select 1
create dynamic table d target_lag = '1 minute' warehouse = w select 1
create dynamic table d target_lag = '1 minute' warehouse = w refresh_mode = partial as select 1
create dynamic table d target_lag = '1 minute' warehouse = w initialize = now as select 1
create dynamic table d target_lag = '1 minute' warehouse = w schedule = '1 minute' as select 1
create dynamic table d target_lag = '1 minute' warehouse = w warehouse = x as select 1
create dynamic table d target_lag = '1 minute' warehouse = w change_tracking = true as select 1
create temporary dynamic table d target_lag = '1 minute' warehouse = w as select 1
create secure dynamic table d target_lag = '1 minute' warehouse = w as select 1
create or replace dynamic table if not exists d target_lag = '1 minute' warehouse = w as select 1
create or alter dynamic table d target_lag = '1 minute' warehouse = w copy grants as select 1
create dynamic table d target_lag = '1 minute' warehouse = w as delete from t
alter dynamic table d
alter dynamic table d refresh now
alter dynamic table d set
alter dynamic table d set refresh_mode = full
alter dynamic table d set initialize = on_create
alter dynamic table d set target_lag = '1 year'
alter dynamic table d unset target_lag
alter dynamic table d unset warehouse
alter dynamic table d add column a int default 1
alter dynamic table d drop column a
alter dynamic table d suspend resume
drop dynamic table d cascade
describe dynamic table d type = columns
show terse dynamic tables
show dynamic tables history
"""


@pytest.mark.parametrize("statement", ACCEPTED.strip().splitlines())
def test_what_a_page_has_is_accepted(statement):
    assert admits(statement)


@pytest.mark.parametrize("statement", REFUSED.strip().splitlines())
def test_what_no_page_has_is_refused(statement):
    assert not admits(statement)
