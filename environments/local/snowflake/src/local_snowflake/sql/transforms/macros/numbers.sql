-- Numbers. https://docs.snowflake.com/en/sql-reference/operators-arithmetic says how many digits results have behind
-- the point. cast_to_type takes only the type of its second argument, which is never computed; rounding lowers the
-- digits of that type, adding raises them.
-- A product: as many as both factors have, at most 12, or as the factor that has more than 12.
CREATE MACRO _sf_mul(a, b) AS cast_to_type(a * b, round(a * b, 12) + a + b);
-- A quotient: six more than its dividend, at most 12, or as the dividend that has more; a float if one of them is.
CREATE MACRO _sf_quotient(a, b) AS round(a * 1.000000, 12) + a + round(b, 0) + 0::DECIMAL(38, 0);
-- Quotients are calculated as floats, which have 15 digits; where that is too few, what is left over is divided again.
CREATE MACRO _sf_exact(a, b, kind) AS CASE
    WHEN b = 0 THEN error('Division by zero')
    WHEN typeof(a + b) = 'DOUBLE' OR abs(a / b) < 10000000 THEN cast_to_type(a / b, kind)
    ELSE CAST(a / b AS DECIMAL(38, 6)) + cast_to_type((a - CAST(a / b AS DECIMAL(38, 6)) * b) / b, kind) END;
CREATE MACRO _sf_div(a, b) AS _sf_exact(a, b, _sf_quotient(a, b));
-- A quotient divided again has 12 digits behind the point, and no more.
CREATE MACRO _sf_div_again(a, b) AS cast_to_type(
    CASE WHEN b = 0 THEN error('Division by zero') ELSE a / b END,
    a + round(b, 0) + 0::DECIMAL(38, 12));
CREATE MACRO sf_div0(a, b) AS cast_to_type(
    CASE WHEN a IS NULL THEN NULL WHEN b = 0 THEN 0 ELSE a / b END, _sf_quotient(a, b));
CREATE MACRO sf_div0null(a, b) AS cast_to_type(
    CASE WHEN a IS NULL THEN NULL WHEN b = 0 OR b IS NULL THEN 0 ELSE a / b END,
    _sf_quotient(a, b));
CREATE MACRO sf_square(a) AS CAST(a AS DOUBLE) * a;
CREATE MACRO sf_zeroifnull(a) AS coalesce(a, 0);
CREATE MACRO sf_nullifzero(a) AS nullif(a, 0);
-- AVG of numbers is exact to as many digits as a quotient; `witness` is the averaged column itself, for its type.
CREATE MACRO _sf_average(mean, witness) AS cast_to_type(mean, _sf_quotient(witness, 1));
-- The median of floats is a float; of numbers, a number with three more digits.
CREATE MACRO _sf_median(middle, witness) AS cast_to_type(middle, witness * 1.000 + 0::DECIMAL(38, 0));
-- Digits that are no literal; a fixed-point number keeps as many as it has.
CREATE MACRO _sf_round(x, digits) AS cast_to_type(round(CAST(x AS DOUBLE), CAST(digits AS INTEGER)), x);
CREATE MACRO _sf_trunc(x, digits) AS cast_to_type(trunc(CAST(x AS DECIMAL(38, 15))::DOUBLE, CAST(digits AS INTEGER)), x);
CREATE MACRO _sf_ceil(x, digits) AS cast_to_type(ceil(x * pow(10, digits)) / pow(10, digits), x);
CREATE MACRO _sf_floor(x, digits) AS cast_to_type(floor(x * pow(10, digits)) / pow(10, digits), x);
CREATE MACRO sf_width_bucket(x, low, high, buckets) AS CASE
    WHEN x < low THEN 0
    WHEN x >= high THEN CAST(buckets AS BIGINT) + 1
    ELSE CAST(floor((x - low) * buckets / (high - low)) AS BIGINT) + 1 END;
CREATE MACRO sf_haversine(lat1, lon1, lat2, lon2) AS 2 * 6371 * asin(sqrt(
    pow(sin(radians(lat2 - lat1) / 2), 2)
    + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2)));
CREATE MACRO sf_log(base, x) AS ln(x) / ln(base);
CREATE MACRO sf_sign(x) AS CAST(sign(x) AS BIGINT);
CREATE MACRO sf_factorial(n) AS CAST(factorial(CAST(n AS INTEGER)) AS HUGEINT);
CREATE MACRO sf_bitand(a, b) AS CAST(a AS BIGINT) & CAST(b AS BIGINT);
CREATE MACRO sf_bitor(a, b) AS CAST(a AS BIGINT) | CAST(b AS BIGINT);
CREATE MACRO sf_bitxor(a, b) AS xor(CAST(a AS BIGINT), CAST(b AS BIGINT));
CREATE MACRO sf_bitnot(a) AS ~CAST(a AS BIGINT);
CREATE MACRO sf_bitshiftleft(a, n) AS CAST(a AS BIGINT) << CAST(n AS BIGINT);
CREATE MACRO sf_bitshiftright(a, n) AS CAST(a AS BIGINT) >> CAST(n AS BIGINT);
CREATE MACRO sf_getbit(a, n) AS (CAST(a AS BIGINT) >> CAST(n AS BIGINT)) & 1;
-- Integers from floats round half away from zero, where DuckDB rounds half to even.
CREATE MACRO _sf_integer(x) AS CASE typeof(x)
    WHEN 'DOUBLE' THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT)
    WHEN 'FLOAT' THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT)
    ELSE CAST(x AS BIGINT) END;
-- The same with 128 bits, see `sql/wide.py`; of these, a NUMBER has 38 digits.
CREATE MACRO _sf_wide(x BIGINT) AS CAST(x AS HUGEINT), (x) AS x;
CREATE MACRO _sf_within(x) AS CASE WHEN typeof(x) = 'HUGEINT'
    AND abs(TRY_CAST(x AS HUGEINT)) > 99999999999999999999999999999999999999::HUGEINT
    THEN error('Number out of representable range') ELSE x END;
CREATE MACRO _sf_wide_integer(x) AS CASE typeof(x)
    WHEN 'DOUBLE' THEN CAST(round(CAST(x AS DOUBLE)) AS HUGEINT)
    WHEN 'FLOAT' THEN CAST(round(CAST(x AS DOUBLE)) AS HUGEINT)
    ELSE CAST(x AS HUGEINT) END;
CREATE MACRO _sf_try_wide_integer(x) AS CASE WHEN abs(TRY_CAST(x AS HUGEINT)) <= 99999999999999999999999999999999999999::HUGEINT
    THEN TRY_CAST(CASE typeof(x) WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS VARCHAR) ELSE CAST(x AS VARCHAR) END AS HUGEINT) END;
CREATE MACRO _sf_try_whole(x) AS coalesce(TRY_CAST(x AS BIGINT), CASE WHEN TRY_CAST(x AS HUGEINT) IS NOT NULL
    THEN error('Unsupported feature ''whole numbers beyond 64 bits: ' || CAST(x AS VARCHAR) || '''') END);
CREATE MACRO _sf_try_integer(x) AS CASE typeof(x)
    WHEN 'DOUBLE' THEN TRY_CAST(round(CAST(x AS DOUBLE)) AS BIGINT)
    ELSE _sf_try_whole(x) END;
-- A number of fewer digits than 64 bits hold.
CREATE MACRO _sf_digits(x, most) AS CASE WHEN x NOT BETWEEN -most AND most
    THEN error('Numeric value ''' || CAST(x AS VARCHAR) || ''' is out of range') ELSE x END;
CREATE MACRO sf_to_boolean(x) AS CASE
    WHEN typeof(x) <> 'VARCHAR' THEN CAST(x AS BOOLEAN)
    WHEN lower(trim(CAST(x AS VARCHAR))) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true
    WHEN lower(trim(CAST(x AS VARCHAR))) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false
    WHEN x IS NOT NULL THEN error('Boolean value ''' || CAST(x AS VARCHAR) || ''' is not recognized') END;
CREATE MACRO sf_try_to_boolean(x) AS CASE
    WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS BOOLEAN)
    WHEN lower(trim(CAST(x AS VARCHAR))) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true
    WHEN lower(trim(CAST(x AS VARCHAR))) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END;
CREATE MACRO sf_booland(a, b) AS (a <> 0) AND (b <> 0);
CREATE MACRO sf_boolor(a, b) AS (a <> 0) OR (b <> 0);
CREATE MACRO sf_boolnot(a) AS NOT (a <> 0);
CREATE MACRO sf_boolxor(a, b) AS (a <> 0) <> (b <> 0);
