-- Text. Booleans, times and JSON have Snowflake's spelling; JSON text loses its quotes.
CREATE MACRO _sf_offset(z) AS CASE WHEN z = '+00' THEN 'Z' ELSE rpad(replace(z, ':', ''), 5, '0') END;
-- NULL, but for a VECTOR an error: one that DuckDB does not take for a function with side effects, as it takes error().
CREATE MACRO _sf_no_vector(function, type) AS CAST(CAST(CASE WHEN ends_with(type, ']')
    THEN 'Invalid argument types for function ''' || function || ''': (' || type || ')' END AS BOOLEAN) AS VARCHAR);
CREATE MACRO sf_to_varchar(x) AS CASE typeof(x)
    WHEN 'VARCHAR' THEN CAST(x AS VARCHAR)
    WHEN 'JSON' THEN to_json(x) ->> '$'
    WHEN 'DOUBLE' THEN replace(regexp_replace(CAST(x AS VARCHAR), '\.0$', ''), 'nan', 'NaN')
    WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(x AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%g ')
        || _sf_offset(strftime(TRY_CAST(x AS TIMESTAMPTZ), '%z'))
    WHEN 'INTERVAL' THEN _sf_tz_text(x)
    WHEN 'BLOB' THEN hex(CAST(x AS BLOB))
    ELSE coalesce(_sf_no_vector('TO_VARCHAR', typeof(x)), CAST(x AS VARCHAR)) END;
-- A value as VARIANT holds it: times as Snowflake writes them, bytes in hex.
CREATE MACRO _sf_json(x) AS CASE
    WHEN typeof(x) IN ('TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'INTERVAL', 'BLOB') THEN to_json(sf_to_varchar(x))
    WHEN regexp_matches(typeof(x), '^(FLOAT|INTEGER)\[\d+\]$') THEN to_json(_sf_no_vector('TO_VARIANT', typeof(x)))
    ELSE to_json(x) END;
CREATE MACRO _sf_try_fitting(x, n) AS CASE WHEN length(x) <= n THEN x END;
CREATE MACRO _sf_fitting(x, n) AS CASE
    WHEN length(x) > n THEN error('String ''' || x || ''' is too long and would be truncated') ELSE x END;
-- Position 0 is read as 1; a negative position counts from the end.
CREATE MACRO sf_substr(x, start) AS
    substring(x, CASE WHEN start = 0 THEN 1 ELSE start END),
    (x, start, n) AS CASE WHEN n <= 0 THEN '' WHEN start < 0 AND -start > length(x) THEN ''
        ELSE substring(x, CASE WHEN start = 0 THEN 1 ELSE start END, n) END;
CREATE MACRO sf_contains(x, part) AS contains(CAST(x AS VARCHAR), CAST(part AS VARCHAR));
CREATE MACRO sf_left(x, n) AS CASE WHEN n <= 0 THEN '' ELSE left(x, CAST(n AS BIGINT)) END;
CREATE MACRO sf_right(x, n) AS CASE WHEN n <= 0 THEN '' ELSE right(x, CAST(n AS BIGINT)) END;
CREATE MACRO sf_lpad(x, n, pad := ' ') AS CASE WHEN n <= 0 THEN '' WHEN pad = '' THEN left(x, CAST(n AS BIGINT))
        ELSE lpad(x, CAST(n AS INTEGER), pad) END;
CREATE MACRO sf_rpad(x, n, pad := ' ') AS CASE WHEN n <= 0 THEN '' WHEN pad = '' THEN left(x, CAST(n AS BIGINT))
        ELSE rpad(x, CAST(n AS INTEGER), pad) END;
CREATE MACRO sf_split(x, separator) AS
    to_json(CASE WHEN x IS NULL OR separator IS NULL THEN NULL WHEN separator = '' THEN [x]
        ELSE string_split(x, separator) END);
CREATE MACRO sf_split_part(x, separator, n) AS CASE
    WHEN separator = '' AND n IN (-1, 0, 1) THEN x WHEN separator = '' THEN ''
    ELSE split_part(x, separator, CASE WHEN n = 0 THEN 1 ELSE CAST(n AS BIGINT) END) END;
CREATE MACRO _sf_pieces(x, separators) AS
    list_filter(string_split(translate(x, separators, repeat(left(separators, 1), length(separators))),
        left(separators, 1)), lambda piece: piece <> '');
CREATE MACRO sf_strtok(x, separators := ' ', n := 1) AS list_extract(_sf_pieces(x, separators), CASE WHEN n < 1 THEN 0 ELSE CAST(n AS BIGINT) END);
CREATE MACRO sf_strtok_to_array(x, separators := ' ') AS to_json(_sf_pieces(x, separators));
CREATE MACRO sf_charindex(part, x) AS strpos(x, part), (part, x, start) AS CASE
    WHEN strpos(substring(x, greatest(start, 1)), part) = 0 THEN 0
    ELSE strpos(substring(x, greatest(start, 1)), part) + greatest(start, 1) - 1 END;
CREATE MACRO sf_replace(x, old) AS replace(x, old, ''), (x, old, new) AS CASE
    WHEN new IS NULL THEN NULL ELSE replace(x, old, new) END;
CREATE MACRO sf_initcap(x, delimiters := E' \t\n\r\f\x0b!?@"^#$&~_,.:;+-*%/|\\[](){}<>') AS array_to_string(list_transform(
    range(1, length(x) + 1), lambda i: CASE
        WHEN contains(delimiters, substring(x, i, 1)) THEN substring(x, i, 1)
        WHEN i = 1 OR contains(delimiters, substring(x, i - 1, 1)) THEN upper(substring(x, i, 1))
        ELSE lower(substring(x, i, 1)) END), '');
CREATE MACRO sf_insert(x, start, n, new) AS left(x, start - 1) || new || substring(x, start + n);
CREATE MACRO sf_space(n) AS repeat(' ', CAST(n AS BIGINT));
CREATE MACRO sf_sha2(x) AS sha256(x), (x, bits) AS CASE bits WHEN 256 THEN sha256(x) WHEN 0 THEN sha256(x)
    ELSE error('Unsupported feature ''SHA2 with ' || bits || ' bits''.') END;
CREATE MACRO sf_hex_encode(x) AS hex(x);
CREATE MACRO sf_hex_decode_string(x) AS decode(unhex(x));
CREATE MACRO sf_hex_decode_binary(x) AS unhex(x);
CREATE MACRO sf_base64_encode(x) AS to_base64(CAST(encode(CAST(x AS VARCHAR)) AS BLOB));
CREATE MACRO sf_base64_decode_string(x) AS decode(from_base64(x));
CREATE MACRO sf_base64_decode_binary(x) AS from_base64(x);
CREATE MACRO _sf_binary(x) AS CASE WHEN typeof(x) = 'BLOB' THEN CAST(x AS BLOB) ELSE unhex(CAST(x AS VARCHAR)) END;
CREATE MACRO sf_to_binary(x) AS unhex(x), (x, format) AS CASE upper(format)
    WHEN 'HEX' THEN unhex(x) WHEN 'UTF-8' THEN encode(x) WHEN 'UTF8' THEN encode(x) WHEN 'BASE64' THEN from_base64(x) END;
CREATE MACRO sf_editdistance(a, b) AS levenshtein(a, b),
    (a, b, most) AS least(levenshtein(a, b), CAST(most AS BIGINT));
CREATE MACRO sf_jarowinkler_similarity(a, b) AS CAST(floor(jaro_winkler_similarity(upper(a), upper(b)) * 100) AS BIGINT);
CREATE MACRO sf_unicode(x) AS CASE WHEN x = '' THEN 0 ELSE unicode(x) END;
CREATE MACRO sf_ascii(x) AS CASE WHEN x = '' THEN 0 ELSE ascii(x) END;
CREATE MACRO sf_length(x) AS CAST(CASE typeof(x) WHEN 'BLOB' THEN octet_length(CAST(x AS BLOB))
    ELSE length(sf_to_varchar(x)) END AS BIGINT);
CREATE MACRO sf_octet_length(x) AS CAST(octet_length(encode(x)) AS BIGINT);
CREATE MACRO sf_bit_length(x) AS CAST(octet_length(encode(x)) AS BIGINT) * 8;
-- Regular expressions. A pattern that is no literal: the empty one matches nothing, and what is no POSIX is refused.
CREATE MACRO _sf_pattern(pattern) AS CASE WHEN pattern = '' THEN '[^\x00-\x{10FFFF}]'
    WHEN regexp_matches(regexp_replace(pattern, '\\.|\[\^?\]?(\[:\w+:\]|[^\]])*\]', '', 'g'), '[(*+?}]\?')
        THEN error('Invalid regular expression: ''' || pattern || ''', no argument for repetition operator: ?')
    ELSE pattern END;
CREATE MACRO _sf_at_least(n, least, what) AS CASE WHEN n < least
    THEN error('Invalid ' || what || ' of a regular expression: ' || n) ELSE CAST(n AS BIGINT) END;
-- The subject from `start` on in pieces: before the first match, its replacement, before the second match, and so on.
CREATE MACRO _sf_matched(x, pattern, new, start) AS string_split(
    regexp_replace(substring(x, CAST(start AS BIGINT)), pattern, chr(64976) || new || chr(64976), 'g'), chr(64976));
CREATE MACRO _sf_joined(pieces, first, last) AS array_to_string(pieces[first:last], '');
CREATE MACRO _sf_regexp_count(x, pattern, start) AS (len(_sf_matched(x, pattern, '', start)) - 1) // 2;
-- What matches nothing is NULL.
CREATE MACRO _sf_regexp_substr(x, pattern, wanted, start, n) AS CASE
    WHEN len(_sf_matched(x, pattern, wanted, start)) > 2 * n THEN _sf_matched(x, pattern, wanted, start)[2 * n] END;
CREATE MACRO _sf_regexp_substr_all(x, pattern, wanted, start, n) AS
    to_json(list_slice(_sf_matched(x, pattern, wanted, start), 2 * n, len(_sf_matched(x, pattern, wanted, start)) - 1, 2));
-- Position of the first character of the n-th match, or of the one behind it; 0 for none.
CREATE MACRO _sf_regexp_instr(x, start, n, behind, pattern) AS CASE
    WHEN len(_sf_matched(x, pattern, '\0', start)) <= 2 * n THEN 0
    ELSE start + length(_sf_joined(_sf_matched(x, pattern, '\0', start), 1, 2 * n - CASE WHEN behind THEN 0 ELSE 1 END)) END;
-- The same of a group: the pattern has what stands before the group as its first group, and the group as its second.
CREATE MACRO _sf_regexp_group_instr(x, start, n, behind, split) AS CASE
    WHEN len(_sf_matched(x, split, '\0', start)) <= 2 * n THEN 0
    ELSE start + length(_sf_joined(_sf_matched(x, split, '\0', start), 1, 2 * n - 1))
        + length(_sf_matched(x, split, CASE WHEN behind THEN '\1\2' ELSE '\1' END, start)[2 * n]) END;
CREATE MACRO _sf_regexp_replace(x, pattern, new, start) AS
    left(x, CAST(start - 1 AS BIGINT)) || regexp_replace(substring(x, CAST(start AS BIGINT)), pattern, new, 'g');
CREATE MACRO _sf_regexp_replace_one(x, pattern, new, start, n) AS CASE
    WHEN n = 0 THEN _sf_regexp_replace(x, pattern, new, start)
    WHEN len(_sf_matched(x, pattern, '\0', start)) <= 2 * n THEN x
    ELSE left(x, CAST(start - 1 AS BIGINT)) || _sf_joined(_sf_matched(x, pattern, '\0', start), 1, 2 * n - 1)
        || _sf_matched(x, pattern, new, start)[2 * n]
        || _sf_joined(_sf_matched(x, pattern, '\0', start), 2 * n + 1, len(_sf_matched(x, pattern, '\0', start))) END;
-- Numbers that are equal have the same hash, whatever their type; a text that looks like one has another.
CREATE MACRO _sf_hashed(x) AS CASE
    WHEN typeof(x) IN ('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'INTEGER_LITERAL')
        THEN hash('#' || CAST(x AS VARCHAR))
    WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%'
        THEN hash('#' || CASE WHEN contains(CAST(x AS VARCHAR), '.')
            THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END)
    ELSE hash(x) END;
CREATE MACRO sf_hash(x) AS CAST(CAST(_sf_hashed(x) AS HUGEINT) - 9223372036854775808 AS BIGINT);
