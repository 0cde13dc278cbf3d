-- Dates and times. A moment is a value to count from: text is read as a timestamp, the rest stays what it is.
CREATE MACRO _sf_epoch(n) AS -- whole seconds, milliseconds, microseconds or nanoseconds, by the size of the number
    make_timestamp(CAST(n * CASE WHEN abs(n) < 31536000000 THEN 1000000 WHEN abs(n) < 31536000000000 THEN 1000
        WHEN abs(n) < 31536000000000000 THEN 1 ELSE 0.001 END AS BIGINT));
-- A value as the text that is read; JSON text loses its quotes, and JSON's null is NULL.
CREATE MACRO _sf_text(x) AS trim(nullif(CAST(x AS VARCHAR), CASE WHEN typeof(x) = 'JSON' THEN 'null' END), '"');
-- A value here is as fine as a microsecond: what is finer is refused, so that no digit is lost without a word.
CREATE MACRO _sf_microseconds(x) AS CASE WHEN regexp_matches(x, '\.\d{6}\d*[1-9]')
    THEN error('Unsupported feature ''nanoseconds: round the text to microseconds''') ELSE x END;
CREATE MACRO _sf_no_nanoseconds(n) AS CASE WHEN n % 1000 <> 0
    THEN error('Unsupported feature ''nanoseconds: round ' || n || ' nanoseconds to microseconds''') ELSE n // 1000 END;
CREATE MACRO _sf_from_nanoseconds(x) AS make_timestamp(_sf_no_nanoseconds(epoch_ns(x)));
CREATE MACRO _sf_read_timestamp(x) AS coalesce(TRY_CAST(_sf_microseconds(x) AS TIMESTAMP), CASE
    WHEN regexp_full_match(x, '-?\d+(\.\d+)?') THEN _sf_epoch(TRY_CAST(x AS DOUBLE))
    ELSE try_strptime(x, ['%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%d-%b-%Y', '%d-%b-%Y %H:%M:%S', '%d-%B-%Y']) END);
CREATE MACRO _sf_read_zoned(x) AS coalesce(
    TRY_CAST(regexp_replace(_sf_microseconds(x), '(:\d\d.*?) ?([+-]\d\d):?(\d\d)$', '\1\2:\3') AS TIMESTAMPTZ),
    CAST(_sf_read_timestamp(x) AS TIMESTAMPTZ));
-- What stands for a value that could not be read: NULL for NULL, else an error that names it.
CREATE MACRO _sf_unread(kind, x) AS
    CASE WHEN _sf_text(x) IS NOT NULL THEN error(kind || ' ''' || _sf_text(x) || ''' is not recognized') END;
CREATE MACRO _sf_is_number(x) AS typeof(x) IN ('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'INTEGER_LITERAL')
    OR typeof(x) LIKE 'DECIMAL%';
CREATE MACRO _sf_seconds(x) AS make_timestamp(CAST(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 9)) * 1000000 AS BIGINT));
CREATE MACRO sf_try_to_timestamp_ntz(x) AS CASE
    WHEN _sf_is_number(x) THEN _sf_seconds(x)
    WHEN typeof(x) IN ('DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE') THEN TRY_CAST(x AS TIMESTAMP)
    WHEN typeof(x) = 'INTERVAL' THEN _sf_tz_clock(x)
    ELSE _sf_read_timestamp(_sf_text(x)) END;
CREATE MACRO sf_to_timestamp_ntz(x) AS coalesce(sf_try_to_timestamp_ntz(x), _sf_unread('Timestamp', x)),
    (x, scale) AS make_timestamp(CAST(_sf_no_nanoseconds(
        CAST(x AS HUGEINT) * 1000000000 // pow(10, scale)::HUGEINT) AS BIGINT));
CREATE MACRO sf_try_to_timestamp_ltz(x) AS CASE
    WHEN _sf_is_number(x) THEN timezone('UTC', _sf_seconds(x))
    WHEN typeof(x) IN ('DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE') THEN TRY_CAST(x AS TIMESTAMPTZ)
    WHEN typeof(x) = 'INTERVAL' THEN _sf_tz_moment(x)
    ELSE _sf_read_zoned(_sf_text(x)) END;
CREATE MACRO sf_to_timestamp_ltz(x) AS coalesce(sf_try_to_timestamp_ltz(x), _sf_unread('Timestamp', x)),
    (x, scale) AS timezone('UTC', sf_to_timestamp_ntz(x, scale));
CREATE MACRO sf_try_to_timestamp_tz(x) AS list_transform([x], lambda v: CASE
    WHEN typeof(v) = 'INTERVAL' THEN _sf_tz_own(v)
    WHEN typeof(v) IN ('VARCHAR', 'JSON') THEN _sf_tz_read(_sf_text(v), _sf_read_zoned(_sf_text(v)))
    ELSE _sf_tz_here(sf_try_to_timestamp_ltz(v)) END)[1];
CREATE MACRO sf_to_timestamp_tz(x) AS coalesce(sf_try_to_timestamp_tz(x), _sf_unread('Timestamp', x)),
    (x, scale) AS _sf_tz_here(sf_to_timestamp_ltz(x, scale));
-- What a column's DEFAULT can compute, without the lambdas of sf_to_timestamp_tz.
CREATE MACRO _sf_tz_default(x) AS _sf_tz_here(sf_to_timestamp_ltz(x));
-- A variant becomes a date or a time if it holds a string; JSON's null is NULL, and all else is refused.
CREATE MACRO _sf_is_bare(x) AS typeof(x) = 'JSON' AND left(CAST(x AS VARCHAR), 1) <> '"';
CREATE MACRO _sf_no_string(kind, x) AS CASE WHEN _sf_text(x) IS NOT NULL
    THEN error('Failed to cast variant value ' || _sf_text(x) || ' to ' || kind) END;
CREATE MACRO sf_try_to_date(x) AS CASE WHEN typeof(x) = 'DATE' THEN TRY_CAST(x AS DATE)
    WHEN _sf_is_bare(x) THEN NULL
    ELSE CAST(sf_try_to_timestamp_ntz(x) AS DATE) END;
CREATE MACRO sf_to_date(x) AS CASE WHEN typeof(x) = 'DATE' THEN TRY_CAST(x AS DATE)
    WHEN _sf_is_bare(x) THEN CAST(_sf_no_string('DATE', x) AS DATE)
    ELSE CAST(coalesce(sf_try_to_timestamp_ntz(x), _sf_unread('Date', x)) AS DATE) END;
CREATE MACRO sf_try_to_time(x) AS CASE
    WHEN typeof(x) = 'INTERVAL' THEN CAST(_sf_tz_clock(x) AS TIME)
    WHEN _sf_is_bare(x) THEN NULL
    WHEN regexp_full_match(_sf_text(x), '-?\d+') THEN
        date_trunc('second', _sf_epoch(TRY_CAST(_sf_text(x) AS DOUBLE)))::TIME
    WHEN regexp_full_match(_sf_text(x), '\d{1,2}:\d{2}') THEN TRY_CAST(_sf_text(x) || ':00' AS TIME)
    ELSE coalesce(TRY_CAST(_sf_microseconds(_sf_text(x)) AS TIME), CAST(TRY_CAST(_sf_text(x) AS TIMESTAMP) AS TIME)) END;
CREATE MACRO sf_to_time(x) AS CASE WHEN _sf_is_bare(x) THEN CAST(_sf_no_string('TIME', x) AS TIME)
    ELSE coalesce(sf_try_to_time(x), _sf_unread('Time', x)) END;
CREATE MACRO _sf_moment(x DATE) AS x, (x TIMESTAMP) AS x, (x TIMESTAMPTZ) AS x, (x TIME) AS x,
    (x INTERVAL) AS x, (x VARCHAR) AS sf_to_timestamp_ntz(x);
-- The time on a moment's clock, of which its parts are, and a value that counts from 1970.
CREATE MACRO _sf_clock(x DATE) AS x, (x TIMESTAMP) AS x, (x TIMESTAMPTZ) AS x, (x TIME) AS x,
    (x INTERVAL) AS _sf_tz_clock(x), (x VARCHAR) AS sf_to_timestamp_ntz(x);
CREATE MACRO _sf_instant(x INTERVAL) AS _sf_tz_moment(x), (x) AS x;
CREATE MACRO _sf_zone_part(part, x INTERVAL) AS CASE part WHEN 'timezone_hour'
    THEN CAST(trunc(_sf_tz_minutes(x) / 60) AS BIGINT) ELSE _sf_tz_minutes(x) % 60 END, (part, x) AS date_part(part, x);
CREATE MACRO _sf_written(x INTERVAL, format, zoned) AS _sf_tz_written(x, zoned), (x, format, zoned) AS strftime(x, format);
CREATE MACRO _sf_plus(x INTERVAL, step) AS list_transform([x], lambda z: _sf_tz_at(z, _sf_tz_clock(z) + step))[1],
    (x, step) AS x + step;
CREATE MACRO _sf_minus(x INTERVAL, step) AS list_transform([x], lambda z: _sf_tz_at(z, _sf_tz_clock(z) - step))[1],
    (x, step) AS x - step;
-- Between two clocks with the same offset; parts of a second, and what all offsets share, between any two.
CREATE MACRO _sf_tz_difference(part, a, b) AS list_transform([{'_part': part, '_a': a, '_b': b}], lambda t: CASE
    WHEN _sf_tz_minutes(t['_a']) = _sf_tz_minutes(t['_b']) THEN CASE WHEN t['_part'] = 'week'
        THEN date_diff('day', date_trunc('week', _sf_tz_clock(t['_a'])), date_trunc('week', _sf_tz_clock(t['_b']))) // 7
        ELSE date_diff(t['_part'], _sf_tz_clock(t['_a']), _sf_tz_clock(t['_b'])) END
    WHEN t['_part'] NOT IN ('year', 'quarter', 'month', 'week', 'day', 'hour')
            OR (t['_part'] = 'hour' AND _sf_tz_minutes(t['_a']) % 60 = 0 AND _sf_tz_minutes(t['_b']) % 60 = 0)
        THEN date_diff(t['_part'], _sf_tz_utc(t['_a']), _sf_tz_utc(t['_b']))
    ELSE error('Unsupported feature ''DATEDIFF of a ' || t['_part'] || ' between TIMESTAMP_TZ of different offsets''') END)[1];
-- Adding: whole years, quarters, months, weeks and days keep a date a date; `moment` comes in once for each use.
CREATE MACRO _sf_add_months_part(n, moment INTERVAL) AS list_transform([moment],
        lambda z: _sf_tz_at(z, _sf_tz_clock(z) + to_months(CAST(round(n) AS INTEGER))))[1],
    (n, moment) AS cast_to_type(moment + to_months(CAST(round(n) AS INTEGER)), moment);
CREATE MACRO _sf_add_days_part(n, moment) AS cast_to_type(moment + to_days(CAST(round(n) AS INTEGER)), moment);
CREATE MACRO _sf_add_time_part(n, moment INTERVAL) AS _sf_tz_later(moment, CAST(n AS BIGINT)),
    (n, moment) AS moment + to_microseconds(CAST(n AS BIGINT));
-- Weeks begin on Monday.
CREATE MACRO _sf_weeks_between(a INTERVAL, b INTERVAL) AS _sf_tz_difference('week', a, b),
    (a INTERVAL, b) AS list_transform([b], lambda v: _sf_tz_difference('week', a, sf_to_timestamp_tz(v)))[1],
    (a, b INTERVAL) AS list_transform([a], lambda v: _sf_tz_difference('week', sf_to_timestamp_tz(v), b))[1],
    (a, b) AS date_diff('day', date_trunc('week', a), date_trunc('week', b)) // 7;
CREATE MACRO _sf_difference(part, a INTERVAL, b INTERVAL) AS _sf_tz_difference(part, a, b),
    (part, a INTERVAL, b) AS list_transform([b], lambda v: _sf_tz_difference(part, a, sf_to_timestamp_tz(v)))[1],
    (part, a, b INTERVAL) AS list_transform([a], lambda v: _sf_tz_difference(part, sf_to_timestamp_tz(v), b))[1],
    (part, a, b) AS date_diff(part, a, b);
CREATE MACRO _sf_like(x, witness) AS cast_to_type(x, witness);
CREATE MACRO _sf_truncated(part, moment DATE) AS CAST(date_trunc(part, moment) AS DATE),
    (part, moment TIMESTAMP) AS date_trunc(part, moment), (part, moment TIMESTAMPTZ) AS date_trunc(part, moment),
    (part, moment INTERVAL) AS list_transform([moment], lambda z: _sf_tz_at(z, date_trunc(part, _sf_tz_clock(z))))[1],
    (part, moment TIME) AS CASE WHEN part IN ('hour', 'minute', 'second', 'millisecond', 'microsecond')
        THEN CAST(date_trunc(part, DATE '1970-01-01' + moment) AS TIME)
        ELSE error('Invalid date/time part ''' || part || ''' for a TIME value') END;
CREATE MACRO sf_last_day(moment) AS last_day(CAST(moment AS DATE));
CREATE MACRO _sf_last_of(part, moment, step) AS
    CAST(date_trunc(part, moment) + step - INTERVAL 1 DAY AS DATE);
CREATE MACRO _sf_whole(x) AS CAST(floor(x) AS BIGINT);
CREATE MACRO _sf_month_end(d) AS last_day(CAST(d AS DATE)) = CAST(d AS DATE);
-- ADD_MONTHS keeps the end of a month the end of a month.
CREATE MACRO _sf_months_later(moment, n) AS cast_to_type(CASE WHEN _sf_month_end(moment)
    THEN last_day(CAST(moment + to_months(CAST(round(n) AS INTEGER)) AS DATE)) + (moment - date_trunc('day', moment))
    ELSE moment + to_months(CAST(round(n) AS INTEGER)) END, moment);
CREATE MACRO sf_add_months(moment INTERVAL, n) AS
        list_transform([moment], lambda z: _sf_tz_at(z, _sf_months_later(_sf_tz_clock(z), n)))[1],
    (moment, n) AS _sf_months_later(moment, n);
CREATE MACRO sf_months_between(a, b) AS CASE
    WHEN day(a) = day(b) OR (_sf_month_end(a) AND _sf_month_end(b))
        THEN CAST(date_diff('month', b, a) AS DECIMAL(38, 6))
    ELSE CAST(date_diff('month', date_trunc('month', b), date_trunc('month', a))
        + (date_part('epoch', CAST(a AS TIMESTAMP) - date_trunc('month', a))
            - date_part('epoch', CAST(b AS TIMESTAMP) - date_trunc('month', b))) / 2678400 AS DECIMAL(38, 6)) END;
CREATE MACRO _sf_weekday(name) AS 1 + (strpos('mo tu we th fr sa su', lower(left(trim(name), 2))) - 1) // 3;
CREATE MACRO sf_next_day(d, name) AS
    CAST(d AS DATE) + CAST((_sf_weekday(name) - isodow(d) + 6) % 7 + 1 AS INTEGER);
CREATE MACRO sf_previous_day(d, name) AS
    CAST(d AS DATE) - CAST((isodow(d) - _sf_weekday(name) + 6) % 7 + 1 AS INTEGER);
CREATE MACRO sf_dayname(d) AS left(dayname(d), 3);
CREATE MACRO sf_monthname(d) AS left(monthname(d), 3);
CREATE MACRO sf_date_from_parts(y, m, d) AS
    CAST(make_date(CAST(y AS BIGINT), 1, 1) + to_months(CAST(m - 1 AS INTEGER)) + to_days(CAST(d - 1 AS INTEGER)) AS DATE);
CREATE MACRO sf_time_from_parts(h, m, s) AS TIME '00:00:00' + to_microseconds(((h * 60 + m) * 60 + s) * 1000000::BIGINT),
    (h, m, s, ns) AS TIME '00:00:00' + to_microseconds(((h * 60 + m) * 60 + s) * 1000000::BIGINT + _sf_no_nanoseconds(ns));
CREATE MACRO sf_timestamp_ntz_from_parts(d, t) AS CAST(d AS DATE) + CAST(t AS TIME),
    (y, mo, d, h, mi, s) AS CAST(sf_date_from_parts(y, mo, d) AS TIMESTAMP)
        + to_microseconds(CAST(((h * 60 + mi) * 60 + s) * 1000000::BIGINT AS BIGINT)),
    (y, mo, d, h, mi, s, ns) AS CAST(sf_date_from_parts(y, mo, d) AS TIMESTAMP)
        + to_microseconds(CAST(((h * 60 + mi) * 60 + s) * 1000000::BIGINT + _sf_no_nanoseconds(ns) AS BIGINT));
-- Slices of weeks begin with the week of 1970-01-01, all others with that day.
CREATE MACRO _sf_slice(moment INTERVAL, step, origin, shift) AS
        list_transform([moment], lambda z: _sf_tz_at(z, time_bucket(step, _sf_tz_clock(z), origin) + shift))[1],
    (moment, step, origin, shift) AS cast_to_type(time_bucket(step, CAST(moment AS TIMESTAMP), origin) + shift, moment);
