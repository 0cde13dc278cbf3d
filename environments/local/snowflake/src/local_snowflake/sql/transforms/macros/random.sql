-- Random numbers. RANDOM is a 64-bit integer; the generators take it (or any number) as their source.
CREATE MACRO _sf_random() AS CAST(CAST(floor(random() * 18446744073709549568.0::DOUBLE) AS HUGEINT) - 9223372036854775808 AS BIGINT);
-- The same seed and row number give the same value, in every run.
CREATE MACRO _sf_seeded(seed, n) AS CAST(CAST(hash(seed, n) AS HUGEINT) - 9223372036854775808 AS BIGINT);
-- A source's value as a fraction from 0 (included) to 1 (excluded).
CREATE MACRO _sf_fraction(source) AS
    CAST(hash(CAST(source AS BIGINT)) >> 11 AS DOUBLE) / 9007199254740992.0::DOUBLE;
CREATE MACRO sf_uniform(low HUGEINT, high HUGEINT, source) AS
        CAST(low AS BIGINT) + CAST(floor((high - low + 1) * _sf_fraction(source)) AS BIGINT),
    (low DOUBLE, high DOUBLE, source) AS low + (high - low) * _sf_fraction(source);
CREATE MACRO sf_normal(mean, deviation, source) AS mean + deviation
    * sqrt(-2 * ln(1 - _sf_fraction(source))) * cos(2 * pi() * _sf_fraction(hash(source) >> 1));
CREATE MACRO sf_randstr(length, source) AS array_to_string(list_transform(range(length), lambda i: substr(
    '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    1 + CAST(hash(CAST(source AS BIGINT), i) % 62 AS INTEGER), 1)), '');
CREATE MACRO sf_uuid_string() AS CAST(uuid() AS VARCHAR);
