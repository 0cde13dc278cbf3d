-- VARIANT, OBJECT and ARRAY are JSON.
-- A number with an exponent keeps it, as it makes a DOUBLE of the number. A key comes once.
CREATE MACRO _sf_is_exponent(x) AS regexp_full_match(trim(x), '-?\d+(\.\d+)?[eE][+-]?\d+');
CREATE MACRO _sf_repeats_key(x) AS
    json_type(x) = 'OBJECT' AND len(json_keys(x)) <> len(list_distinct(json_keys(x)));
CREATE MACRO _sf_parsed(x) AS CASE
    WHEN trim(x) = '' THEN NULL WHEN lower(trim(x)) = 'null' THEN CAST('null' AS JSON)
    WHEN NOT json_valid(x) THEN error('Error parsing JSON: ' || x)
    WHEN _sf_is_exponent(x) THEN CAST(trim(x) AS JSON)
    WHEN _sf_repeats_key(x) THEN error('Error parsing JSON: duplicate object attribute in ' || x) ELSE json(x) END;
CREATE MACRO sf_parse_json(x) AS _sf_parsed(CAST(x AS VARCHAR));
CREATE MACRO sf_try_parse_json(x) AS CASE WHEN lower(trim(x)) = 'null' THEN CAST('null' AS JSON)
    WHEN NOT json_valid(x) OR _sf_repeats_key(x) THEN NULL WHEN _sf_is_exponent(x) THEN CAST(trim(x) AS JSON) ELSE json(x) END;
CREATE MACRO sf_to_variant(x) AS _sf_json(x);
CREATE MACRO sf_to_json(x) AS CAST(to_json(x) AS VARCHAR);
CREATE MACRO _sf_key(k) AS '$."' || replace(k, '"', '\"') || '"';
CREATE MACRO sf_get(x, k) AS json_extract(CAST(x AS JSON), CASE WHEN typeof(k) IN ('VARCHAR', 'JSON')
    THEN _sf_key(sf_to_varchar(k)) WHEN TRY_CAST(CAST(k AS VARCHAR) AS BIGINT) < 0 THEN '$."."'
    ELSE '$[' || CAST(k AS VARCHAR) || ']' END);
-- The elements of an array, or the values of an object, as a list. A JSON null stays one.
CREATE MACRO _sf_items(x) AS CASE json_type(x)
    WHEN 'ARRAY' THEN list_transform(from_json(x, '["JSON"]'), lambda v: coalesce(v, CAST('null' AS JSON)))
    WHEN 'OBJECT' THEN list_transform(json_keys(x), lambda k: json_extract(x, _sf_key(k))) END;
CREATE MACRO sf_is_null_value(x) AS json_type(x) = 'NULL';
-- In a VARIANT a date or a time is a string: of a text that reads as one nobody can say what it was.
CREATE MACRO _sf_reads_as_time(x) AS json_type(x) = 'VARCHAR' AND regexp_full_match(x ->> '$',
    '\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d\.\d{3,6}( ([+-]\d{4}|Z))?)?|\d\d:\d\d:\d\d(\.\d{1,6})?');
CREATE MACRO _sf_typed(function, x) AS CASE WHEN _sf_reads_as_time(x)
    THEN error('Unsupported feature ''' || function || ' of a VARIANT that reads as a date or a time: ' || (x ->> '$') || '''')
    ELSE x END;
CREATE MACRO _sf_type_of_json(x) AS CASE json_type(x)
    WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER' WHEN 'HUGEINT' THEN 'INTEGER'
    WHEN 'DOUBLE' THEN CASE WHEN regexp_matches(lower(CAST(x AS VARCHAR)), 'e|n') THEN 'DOUBLE' ELSE 'DECIMAL' END
    WHEN 'NULL' THEN 'NULL_VALUE' ELSE json_type(x) END;
CREATE MACRO sf_typeof(x) AS CASE typeof(x)
    WHEN 'JSON' THEN _sf_type_of_json(_sf_typed('TYPEOF', TRY_CAST(x AS JSON)))
    WHEN 'DATE' THEN CASE WHEN x IS NOT NULL THEN 'DATE' END
    WHEN 'TIME' THEN CASE WHEN x IS NOT NULL THEN 'TIME' END
    WHEN 'TIMESTAMP' THEN CASE WHEN x IS NOT NULL THEN 'TIMESTAMP_NTZ' END
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN CASE WHEN x IS NOT NULL THEN 'TIMESTAMP_LTZ' END
    WHEN 'INTERVAL' THEN CASE WHEN x IS NOT NULL THEN 'TIMESTAMP_TZ' END
    WHEN 'BLOB' THEN CASE WHEN x IS NOT NULL THEN 'BINARY' END
    ELSE _sf_type_of_json(to_json(x)) END;
CREATE MACRO sf_object_construct(keys, items) AS CASE
    WHEN len(list_filter(items, lambda v: v IS NOT NULL)) = 0 THEN CAST('{}' AS JSON)
    ELSE to_json(map_from_entries(list_filter(list_zip(keys, items),
        lambda e: e[1] IS NOT NULL AND e[2] IS NOT NULL))) END;
CREATE MACRO sf_object_construct_keep_null(keys, items) AS CASE WHEN len(keys) = 0 THEN CAST('{}' AS JSON)
    ELSE to_json(map_from_entries(list_filter(list_zip(keys, items), lambda e: e[1] IS NOT NULL))) END;
CREATE MACRO _sf_without_nulls(x) AS sf_object_construct(json_keys(x), list_transform(_sf_items(x),
    lambda v: CASE WHEN json_type(v) = 'NULL' THEN NULL ELSE v END));
CREATE MACRO _sf_like_keys(x, pattern) AS sf_object_construct_keep_null(
    list_filter(json_keys(x), lambda k: k ILIKE pattern),
    list_transform(list_filter(json_keys(x), lambda k: k ILIKE pattern), lambda k: json_extract(x, _sf_key(k))));
CREATE MACRO sf_object_keys(x) AS to_json(json_keys(x));
CREATE MACRO sf_object_delete(x, dropped) AS sf_object_construct_keep_null(
    list_filter(json_keys(x), lambda k: NOT list_contains(dropped, k)),
    list_transform(list_filter(json_keys(x), lambda k: NOT list_contains(dropped, k)),
        lambda k: json_extract(x, _sf_key(k))));
CREATE MACRO sf_object_pick(x, kept) AS sf_object_construct_keep_null(
    list_filter(json_keys(x), lambda k: list_contains(kept, k)),
    list_transform(list_filter(json_keys(x), lambda k: list_contains(kept, k)), lambda k: json_extract(x, _sf_key(k))));
CREATE MACRO sf_object_insert(x, k, v, replacing := false) AS CASE
        WHEN list_contains(json_keys(x), k) AND NOT replacing THEN error('Duplicate key ''' || k || '''')
        ELSE sf_object_construct(
            list_append(list_filter(json_keys(x), lambda o: o <> k), k),
            list_append(list_transform(list_filter(json_keys(x), lambda o: o <> k),
                lambda o: json_extract(x, _sf_key(o))), _sf_json(v))) END;
-- A row as an object; see timestamp_tz.sql for what it finds in its columns.
CREATE MACRO _sf_row_value(v) AS CASE WHEN starts_with(CAST(v AS VARCHAR), '"166666666 years 8 months ')
    THEN to_json(_sf_tz_text(TRY_CAST(v ->> '$' AS INTERVAL))) ELSE v END;
CREATE MACRO _sf_row(x) AS CASE WHEN contains(CAST(to_json(x) AS VARCHAR), '"166666666 years 8 months ')
    THEN sf_object_construct_keep_null(json_keys(to_json(x)), list_transform(_sf_items(to_json(x)), lambda v: _sf_row_value(v)))
    ELSE to_json(x) END;
CREATE MACRO sf_array_size(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN CAST(json_array_length(x) AS BIGINT) END;
CREATE MACRO sf_array_contains(v, x) AS list_contains(list_transform(_sf_items(x), lambda i: CAST(i AS VARCHAR)),
    CAST(_sf_json(v) AS VARCHAR));
CREATE MACRO sf_array_position(v, x) AS CAST(list_position(
    list_transform(_sf_items(x), lambda i: CAST(i AS VARCHAR)), CAST(_sf_json(v) AS VARCHAR)) AS BIGINT) - 1;
CREATE MACRO sf_array_append(x, v) AS to_json(list_append(_sf_items(x), _sf_json(v)));
CREATE MACRO sf_array_prepend(x, v) AS to_json(list_prepend(_sf_json(v), _sf_items(x)));
CREATE MACRO sf_array_cat(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL
    ELSE to_json(list_concat(_sf_items(x), _sf_items(y))) END;
-- `start` counts from 0 and is included, `stop` is not; negative ones count from the end.
CREATE MACRO sf_array_slice(x, start, stop) AS to_json(list_slice(_sf_items(x),
    CASE WHEN start < 0 THEN greatest(CAST(json_array_length(x) AS BIGINT) + start, 0) ELSE start END + 1,
    CASE WHEN stop < 0 THEN greatest(CAST(json_array_length(x) AS BIGINT) + stop, 0) ELSE stop END));
CREATE MACRO sf_array_to_string(x, separator) AS CASE WHEN separator IS NULL THEN NULL ELSE array_to_string(
    list_transform(_sf_items(x), lambda v: coalesce(v ->> '$', '')), separator) END;
CREATE MACRO sf_array_compact(x) AS to_json(list_filter(_sf_items(x), lambda v: json_type(v) <> 'NULL'));
CREATE MACRO sf_array_distinct(x) AS to_json(list_filter(_sf_items(x),
    lambda v, i: list_position(list_transform(_sf_items(x), lambda o: CAST(o AS VARCHAR)), CAST(v AS VARCHAR)) = i));
CREATE MACRO sf_array_reverse(x) AS to_json(list_reverse(_sf_items(x)));
CREATE MACRO sf_arrays_overlap(x, y) AS list_has_any(list_transform(_sf_items(x), lambda v: CAST(v AS VARCHAR)),
    list_transform(_sf_items(y), lambda v: CAST(v AS VARCHAR)));
CREATE MACRO sf_array_intersection(x, y) AS to_json(list_filter(_sf_items(x),
    lambda v: sf_array_contains(v, y)));
CREATE MACRO sf_array_except(x, y) AS to_json(list_filter(_sf_items(x), lambda v: NOT sf_array_contains(v, y)));
CREATE MACRO sf_array_generate_range(start, stop) AS to_json(range(CAST(start AS BIGINT), CAST(stop AS BIGINT))),
    (start, stop, step) AS to_json(range(CAST(start AS BIGINT), CAST(stop AS BIGINT), CAST(step AS BIGINT)));
CREATE MACRO sf_to_array(x) AS CASE WHEN json_type(to_json(x)) = 'ARRAY' THEN to_json(x) ELSE json_array(x) END;
CREATE MACRO sf_to_object(x) AS CASE WHEN json_type(to_json(x)) = 'OBJECT' THEN to_json(x)
    ELSE error('Failed to cast variant value ' || CAST(to_json(x) AS VARCHAR) || ' to OBJECT') END;
CREATE MACRO sf_is_array(x) AS json_type(x) = 'ARRAY';
CREATE MACRO sf_is_object(x) AS json_type(x) = 'OBJECT';
CREATE MACRO sf_is_varchar(x) AS json_type(_sf_typed('IS_VARCHAR', x)) = 'VARCHAR';
CREATE MACRO sf_is_boolean(x) AS json_type(x) = 'BOOLEAN';
CREATE MACRO sf_is_integer(x) AS json_type(x) IN ('BIGINT', 'UBIGINT', 'HUGEINT');
CREATE MACRO sf_is_decimal(x) AS json_type(x) IN ('BIGINT', 'UBIGINT', 'HUGEINT') OR sf_typeof(x) = 'DECIMAL';
CREATE MACRO sf_is_double(x) AS json_type(x) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE');
CREATE MACRO sf_as_array(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN x END;
CREATE MACRO sf_as_object(x) AS CASE WHEN json_type(x) = 'OBJECT' THEN x END;
CREATE MACRO sf_as_varchar(x) AS CASE WHEN json_type(_sf_typed('AS_VARCHAR', x)) = 'VARCHAR' THEN x ->> '$' END;
CREATE MACRO sf_as_boolean(x) AS CASE WHEN json_type(x) = 'BOOLEAN' THEN CAST(x AS BOOLEAN) END;
CREATE MACRO sf_as_integer(x) AS CASE WHEN sf_is_integer(x) THEN _sf_try_whole(x) END;
CREATE MACRO sf_as_double(x) AS CASE WHEN sf_is_double(x) THEN TRY_CAST(x AS DOUBLE) END;
CREATE MACRO sf_as_date(x) AS CASE WHEN json_type(_sf_typed('AS_DATE', x)) = 'DATE' THEN TRY_CAST(x ->> '$' AS DATE) END;
-- FLATTEN: one row for each element. PATH is Snowflake's: no root, `[0]` for arrays, `a.b` for objects.
-- A step of a path: `.key`, `['any key']` where the key is no plain word, `[0]`.
CREATE MACRO _sf_path_step(k) AS CASE WHEN regexp_full_match(k, '[A-Za-z_][A-Za-z_0-9]*') THEN '.' || k
    ELSE '[''' || k || ''']' END;
CREATE MACRO _sf_entries(x, mode, path) AS CASE
    WHEN json_type(x) = 'ARRAY' AND mode <> 'OBJECT' THEN list_transform(_sf_items(x), lambda v, i: {
        'KEY': NULL::VARCHAR, 'PATH': path || '[' || (i - 1) || ']', 'INDEX': i - 1, 'VALUE': v})
    WHEN json_type(x) = 'OBJECT' AND mode <> 'ARRAY' THEN list_transform(json_keys(x), lambda k: {
        'KEY': k, 'PATH': ltrim(path || _sf_path_step(k), '.'), 'INDEX': NULL::BIGINT, 'VALUE': json_extract(x, _sf_key(k))})
    END;
CREATE MACRO _sf_compound(x) AS CASE WHEN typeof(x) IN ('JSON', '"NULL"') THEN to_json(x)
    ELSE error('Invalid argument types for function ''FLATTEN'': (INPUT => ' || typeof(x) || ')') END;
-- With `keeps` a value without elements gives one row, whose element is NULL.
CREATE MACRO _sf_flatten(x, mode, seq, above, keeps) AS TABLE
    SELECT CAST(seq AS BIGINT) AS "SEQ", "KEY", "PATH", "INDEX", "VALUE", _sf_compound(x) AS "THIS"
    FROM (SELECT unnest(CASE WHEN keeps AND coalesce(len(_sf_entries(_sf_compound(x), mode, above)), 0) = 0
        THEN [{'KEY': NULL::VARCHAR, 'PATH': above, 'INDEX': NULL::BIGINT, 'VALUE': NULL::JSON}]
        ELSE _sf_entries(_sf_compound(x), mode, above) END, max_depth := 2)) AS entries;
CREATE MACRO _sf_inside(x, path) AS CASE WHEN path = '$' THEN x ELSE json_extract(x, path) END;
CREATE MACRO _sf_flatten_all(x, mode, seq, above, keeps) AS TABLE
    SELECT CAST(seq AS BIGINT) AS "SEQ", CASE WHEN NOT ends_with(fullkey, ']') THEN key END AS "KEY",
        ltrim(above || substring(fullkey, 2), '.') AS "PATH",
        CASE WHEN ends_with(fullkey, ']') THEN CAST(key AS BIGINT) END AS "INDEX",
        CASE WHEN type = 'NULL' THEN CAST('null' AS JSON) ELSE value END AS "VALUE", _sf_inside(x, path) AS "THIS"
    FROM json_tree(_sf_compound(x))
    WHERE fullkey <> '$' AND (mode = 'BOTH' OR (mode = 'ARRAY') = ends_with(fullkey, ']'))
    UNION ALL SELECT CAST(seq AS BIGINT), NULL, above, NULL, NULL, x
    WHERE keeps AND coalesce(len(_sf_entries(_sf_compound(x), mode, above)), 0) = 0;
