-- Vectors: https://docs.snowflake.com/en/sql-reference/functions-vector
-- What becomes a vector has numbers only, whole ones where the vector has such.
CREATE MACRO _sf_vector(x, whole) AS CASE
    WHEN len(list_filter(CAST(x AS DOUBLE[]), lambda v: v IS NULL OR (whole AND v <> trunc(v)))) > 0
    THEN error('Array-like value being cast to a vector has elements of another type') ELSE x END;
-- Both arguments have the same elements, as many of them.
CREATE MACRO _sf_elements(name, x, other) AS CASE WHEN x IS NULL OR other IS NULL THEN NULL WHEN typeof(x) = typeof(other) AND typeof(x) LIKE '%[%'
    THEN CAST(x AS DOUBLE[])
    ELSE error('Invalid argument types for function ''' || name || ''': (' || typeof(x) || ', ' || typeof(other) || ')') END;
CREATE MACRO sf_vector_inner_product(a, b) AS list_inner_product(
    _sf_elements('VECTOR_INNER_PRODUCT', a, b), CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(b AS DOUBLE[]) END);
CREATE MACRO sf_vector_cosine_similarity(a, b) AS list_cosine_similarity(
    _sf_elements('VECTOR_COSINE_SIMILARITY', a, b), CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(b AS DOUBLE[]) END);
CREATE MACRO sf_vector_l2_distance(a, b) AS list_distance(
    _sf_elements('VECTOR_L2_DISTANCE', a, b), CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(b AS DOUBLE[]) END);
CREATE MACRO sf_vector_l1_distance(a, b) AS list_sum(list_transform(list_zip(
    _sf_elements('VECTOR_L1_DISTANCE', a, b), CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(b AS DOUBLE[]) END), lambda pair: abs(pair[1] - pair[2])));
