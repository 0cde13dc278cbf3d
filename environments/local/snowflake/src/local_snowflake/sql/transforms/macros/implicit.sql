-- Implicit casts; see implicit.py. A binary becomes no text by itself.
CREATE MACRO _sf_implicit_text(x VARCHAR) AS x, (x) AS CASE WHEN typeof(x) = 'BLOB'
    THEN error('Invalid argument types for function: (BINARY)') ELSE sf_to_varchar(x) END;
CREATE MACRO _sf_implicit_number(x VARCHAR) AS CAST(coalesce(TRY_CAST(x AS DECIMAL(18, 5)),
    CASE WHEN x IS NOT NULL THEN error('Numeric value ''' || x || ''' is not recognized') END) AS DECIMAL(18, 5)), (x) AS x;
CREATE MACRO _sf_implicit_float(x VARCHAR) AS CAST(coalesce(TRY_CAST(x AS DOUBLE),
    CASE WHEN x IS NOT NULL THEN error('Numeric value ''' || x || ''' is not recognized') END) AS DOUBLE), (x) AS x;
-- A text beside a value with which it is compared becomes what that is.
CREATE MACRO _sf_implicit_like(x VARCHAR, other VARCHAR) AS x, (x VARCHAR, other DOUBLE) AS _sf_implicit_float(x),
    (x VARCHAR, other BIGINT) AS _sf_implicit_number(x), (x VARCHAR, other BOOLEAN) AS sf_to_boolean(x),
    (x VARCHAR, other DATE) AS sf_to_date(x), (x VARCHAR, other TIMESTAMP) AS sf_to_timestamp_ntz(x),
    (x VARCHAR, other TIMESTAMPTZ) AS sf_to_timestamp_ltz(x), (x VARCHAR, other TIME) AS sf_to_time(x),
    (x VARCHAR, other INTERVAL) AS sf_to_timestamp_tz(x), (x DATE, other INTERVAL) AS sf_to_timestamp_tz(x),
    (x TIMESTAMP, other INTERVAL) AS sf_to_timestamp_tz(x), (x TIMESTAMPTZ, other INTERVAL) AS sf_to_timestamp_tz(x),
    (x, other) AS x;
-- What is put into a column of texts.
CREATE MACRO _sf_assigned_text(x) AS CASE WHEN typeof(x) = 'BLOB'
    THEN error('Expression type does not match column data type, expecting VARCHAR but got BINARY') ELSE sf_to_varchar(x) END;
-- A text beside whole numbers in a set operation.
CREATE MACRO _sf_union_number(x) AS CASE WHEN TRY_CAST(x AS DECIMAL(38, 12)) % 1 <> 0
    THEN error('Unsupported feature ''the text ' || x || ' beside whole numbers in a set operation''')
    ELSE CAST(coalesce(TRY_CAST(x AS BIGINT),
        CASE WHEN x IS NOT NULL THEN error('Numeric value ''' || x || ''' is not recognized') END) AS BIGINT) END;
