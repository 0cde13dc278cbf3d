-- Text. Booleans, times and JSON have Snowflake's spelling; JSON text loses its quotes.
CREATE MACRO _sf_offset(z) AS CASE WHEN z = '+00' THEN 'Z' ELSE rpad(replace(z, ':', ''), 5, '0') END;
CREATE MACRO sf_to_varchar(x) AS CASE typeof(x)
    WHEN 'VARCHAR' THEN CAST(x AS VARCHAR)
    WHEN 'JSON' THEN to_json(x) ->> '$'
    WHEN 'DOUBLE' THEN regexp_replace(CAST(x AS VARCHAR), '\.0$', '')
    WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(x AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%g ')
        || _sf_offset(strftime(TRY_CAST(x AS TIMESTAMPTZ), '%z'))
    WHEN 'BLOB' THEN hex(CAST(x AS BLOB))
    ELSE CAST(x AS VARCHAR) END;
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
-- Regular expressions. What matches nothing is NULL.
CREATE MACRO _sf_matches(x, pattern, start, flags) AS
    regexp_extract_all(substring(x, CAST(start AS BIGINT)), pattern, 0, flags);
CREATE MACRO _sf_groups(x, pattern, start, flags, part) AS
    regexp_extract_all(substring(x, CAST(start AS BIGINT)), pattern, part, flags);
CREATE MACRO sf_regexp_count(x, pattern) AS len(regexp_extract_all(x, pattern)),
    (x, pattern, start) AS len(_sf_matches(x, pattern, start, 'c')),
    (x, pattern, start, flags) AS len(_sf_matches(x, pattern, start, flags));
CREATE MACRO sf_regexp_substr(x, pattern) AS regexp_extract_all(x, pattern)[1],
    (x, pattern, start) AS _sf_matches(x, pattern, start, 'c')[1],
    (x, pattern, start, n) AS _sf_matches(x, pattern, start, 'c')[n],
    (x, pattern, start, n, flags) AS _sf_groups(x, pattern, start, replace(flags, 'e', ''),
        CASE WHEN contains(flags, 'e') THEN 1 ELSE 0 END)[n],
    (x, pattern, start, n, flags, part) AS _sf_groups(x, pattern, start, replace(flags, 'e', ''), part)[n];
CREATE MACRO sf_regexp_substr_all(x, pattern) AS to_json(regexp_extract_all(x, pattern)),
    (x, pattern, start) AS to_json(_sf_matches(x, pattern, start, 'c'));
-- Where the n-th match begins, counted from `start`: behind what stands before it and the matches before it; 0 for none.
CREATE MACRO _sf_length_of(pieces, n) AS coalesce(list_sum(list_transform(pieces[1:n], lambda piece: length(piece))), 0);
CREATE MACRO _sf_regexp_at(x, pattern, start, n, flags) AS CASE
    WHEN len(_sf_matches(x, pattern, start, flags)) < n THEN 0
    ELSE CAST(start + _sf_length_of(regexp_split_to_array(substring(x, CAST(start AS BIGINT)), pattern, flags), n)
        + _sf_length_of(_sf_matches(x, pattern, start, flags), n - 1) AS BIGINT) END;
-- Position of the first character of the n-th match, or of the one behind it.
CREATE MACRO _sf_regexp_instr(x, pattern, start, n, behind, flags) AS CASE
    WHEN _sf_regexp_at(x, pattern, start, n, flags) = 0 THEN 0 ELSE _sf_regexp_at(x, pattern, start, n, flags)
        + CASE WHEN behind THEN length(_sf_matches(x, pattern, start, flags)[n]) ELSE 0 END END;
-- The same of a group: `split` is the pattern with what stands before the group as its first group.
CREATE MACRO _sf_regexp_group_instr(x, pattern, start, n, behind, flags, split) AS CASE
    WHEN _sf_regexp_at(x, pattern, start, n, flags) = 0 THEN 0 ELSE _sf_regexp_at(x, pattern, start, n, flags)
        + length(regexp_extract(_sf_matches(x, pattern, start, flags)[n], split, 1, flags))
        + CASE WHEN behind THEN length(regexp_extract(_sf_matches(x, pattern, start, flags)[n], split, 2, flags))
            ELSE 0 END END;
CREATE MACRO _sf_regexp_replace(x, pattern, new, start, flags) AS
    left(x, CAST(start - 1 AS BIGINT)) || regexp_replace(substring(x, CAST(start AS BIGINT)), pattern, new, flags || 'g');
CREATE MACRO _sf_regexp_replace_one(x, pattern, new, start, n, flags) AS CASE
    WHEN _sf_regexp_at(x, pattern, start, n, flags) = 0 THEN x
    ELSE left(x, _sf_regexp_at(x, pattern, start, n, flags) - 1)
        || regexp_replace(_sf_matches(x, pattern, start, flags)[n], pattern, new, flags)
        || substring(x, _sf_regexp_at(x, pattern, start, n, flags) + length(_sf_matches(x, pattern, start, flags)[n])) END;
CREATE MACRO sf_regexp_like(x, pattern) AS regexp_full_match(x, pattern),
    (x, pattern, flags) AS regexp_full_match(x, pattern, flags);
CREATE MACRO sf_regexp_replace(x, pattern) AS regexp_replace(x, pattern, '', 'g'),
    (x, pattern, new) AS regexp_replace(x, pattern, new, 'g');
-- Numbers that are equal have the same hash, whatever their type; a text that looks like one has another.
CREATE MACRO _sf_hashed(x) AS CASE
    WHEN typeof(x) IN ('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'INTEGER_LITERAL')
        THEN hash('#' || CAST(x AS VARCHAR))
    WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%'
        THEN hash('#' || CASE WHEN contains(CAST(x AS VARCHAR), '.')
            THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END)
    ELSE hash(x) END;
CREATE MACRO sf_hash(x) AS CAST(CAST(_sf_hashed(x) AS HUGEINT) - 9223372036854775808 AS BIGINT);
