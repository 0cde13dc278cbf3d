-- TIMESTAMP_TZ is a moment with the offset that it was written with, and is compared by its moment alone. DuckDB has no
-- such type, but it compares, sorts, groups and joins INTERVALs by their length, however that is split into months, days
-- and microseconds. So a TIMESTAMP_TZ is an INTERVAL: its months are a mark; its length is the time since day -4000000;
-- and as many of its days are written as microseconds as the offset has minutes, counted from -1440 on. No arithmetic of
-- INTERVALs gives another one, as the mark is so large. `kernel/timestamp_tz.py` reads and writes the same in Python.
-- Values of all other types come along here as well, where a CASE tells them apart by their type. A lambda looks at its
-- argument once (under another name: `once.py` counts the arguments' names), but can stand in no DEFAULT of a column.
CREATE MACRO _sf_tz_own(z) AS CASE WHEN typeof(z) = 'INTERVAL' THEN TRY_CAST(z AS INTERVAL) END;
CREATE MACRO _sf_tz_span(z) AS _sf_tz_own(z) - to_months(2000000000);
CREATE MACRO _sf_tz_length(z) AS CAST(epoch_us(_sf_tz_span(z)) AS BIGINT);
CREATE MACRO _sf_tz_utc(z) AS CAST('8983-05-17 (BC) 00:00:00' AS TIMESTAMP) + _sf_tz_span(z);
CREATE MACRO _sf_tz_moment(z) AS timezone('UTC', _sf_tz_utc(z));
CREATE MACRO _sf_tz_minutes(z) AS CAST(date_part('hour', _sf_tz_own(z)) // 24 - 1440 AS BIGINT);
CREATE MACRO _sf_tz_clock(z) AS _sf_tz_utc(z) + to_minutes(_sf_tz_minutes(z));
CREATE MACRO _sf_tz_of(micros, minutes) AS to_months(2000000000)
    + to_days(CAST((micros + 345600000000000000) // 86400000000 - 1440 - minutes AS INTEGER))
    + to_microseconds(CAST((micros + 345600000000000000) % 86400000000 + (1440 + minutes) * 86400000000 AS BIGINT));
CREATE MACRO _sf_tz(moment, minutes) AS _sf_tz_of(epoch_us(moment), CAST(minutes AS BIGINT));
-- A moment with the session's offset.
CREATE MACRO _sf_tz_here(moment) AS _sf_tz(moment, CAST(date_part('timezone', moment) AS BIGINT) // 60);
-- The same offset, and so much later.
CREATE MACRO _sf_tz_step(length, micros) AS
    to_days(CAST((length + micros) // 86400000000 - length // 86400000000 AS INTEGER))
    + to_microseconds(CAST((length + micros) % 86400000000 - length % 86400000000 AS BIGINT));
CREATE MACRO _sf_tz_later(z, micros) AS list_transform([{'_z': z, '_micros': micros}],
    lambda t: t['_z'] + _sf_tz_step(_sf_tz_length(t['_z']), t['_micros']))[1];
-- The same offset, and another time on the clock.
CREATE MACRO _sf_tz_at(z, clock) AS list_transform([{'_z': z, '_clock': clock}],
    lambda t: _sf_tz_later(t['_z'], epoch_us(t['_clock']) - epoch_us(_sf_tz_clock(t['_z']))))[1];
CREATE MACRO _sf_tz_offset(minutes) AS format('{:+05d}', minutes // 60 * 100 + minutes % 60);
-- As text; in a format, <tzh>, <tzhtzm> and <tzh:tzm> stand for the offset.
CREATE MACRO _sf_tz_text(z) AS
    strftime(_sf_tz_clock(z), '%Y-%m-%d %H:%M:%S.%g ') || _sf_tz_offset(_sf_tz_minutes(z));
CREATE MACRO _sf_tz_written(z, format) AS list_transform([z], lambda i: replace(replace(replace(
    strftime(_sf_tz_clock(i), format), '<tzh>', left(_sf_tz_offset(_sf_tz_minutes(i)), 3)),
    '<tzhtzm>', _sf_tz_offset(_sf_tz_minutes(i))), '<tzh:tzm>',
    left(_sf_tz_offset(_sf_tz_minutes(i)), 3) || ':' || right(_sf_tz_offset(_sf_tz_minutes(i)), 2)))[1];
-- The offset at the end of a text, in minutes; NULL where it has none.
CREATE MACRO _sf_offset_of(x) AS
    nullif(regexp_extract(CAST(x AS VARCHAR), ':\d\d[^+-]*([+-]\d{1,2}:?(\d\d)?|Z)"?$', 1), '');
CREATE MACRO _sf_offset_minutes(z) AS (CASE WHEN left(z, 1) = '-' THEN -1 ELSE 1 END)
    * (60 * CAST('0' || regexp_extract(z, '[+-](\d\d?)', 1) AS INTEGER)
        + CAST('0' || regexp_extract(z, '[+-]\d\d?:?(\d\d)$', 1) AS INTEGER));
CREATE MACRO _sf_tz_read(x, moment) AS list_transform([{'_offset': _sf_offset_of(x), '_moment': moment}],
    lambda t: CASE WHEN t['_offset'] IS NULL THEN _sf_tz_here(t['_moment'])
        ELSE _sf_tz(t['_moment'], _sf_offset_minutes(t['_offset'])) END)[1];
-- The offset of a time zone at a moment.
CREATE MACRO _sf_tz_in(zone, moment) AS list_transform([{'_zone': zone, '_moment': moment}], lambda t: _sf_tz(t['_moment'],
    date_diff('minute', timezone('UTC', t['_moment']), timezone(t['_zone'], t['_moment']))))[1];
