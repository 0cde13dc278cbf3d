"""How many arguments each built-in function takes, from its page below https://docs.snowflake.com/en/sql-reference/functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from sqlglot import exp

from ...kernel.errors import SnowflakeError
from . import macros
from .rewriting import Node

# The least and the most; None for any number.
Count = tuple[int, int | None]


def _each(count: Count, names: str) -> dict[str, Count]:
    return dict.fromkeys(names.split(), count)


# Functions that are no macros, and macros that are written with more or fewer arguments than the function has.
_COUNTS: dict[str, Count] = {
    **_each((0, 0), "PI ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST SYSDATE GETDATE CURRENT_DATE"),
    **_each((0, 1), "CURRENT_TIMESTAMP SYSTIMESTAMP LOCALTIMESTAMP CURRENT_TIME LOCALTIME RANDOM SEQ1 SEQ2 SEQ4 SEQ8"),
    **_each((1, 1), "ACOS ASIN ATAN COS COSH COT SIN SINH TAN TANH ABS CBRT DEGREES EXP LN RADIANS SQRT BIT_NOT NTILE"),
    **_each((1, 1), "UPPER LOWER REVERSE CHR CHAR MD5 MD5_HEX SHA1 SHA1_HEX LEN COLLATION SOUNDEX"),
    **_each((1, 1), "YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND DAYOFWEEK DAYOFYEAR YEAROFWEEK YEAROFWEEKISO"),
    **_each((1, 1), "DAYOFMONTH DAYOFWEEKISO WEEKOFYEAR WEEKISO TIME STRIP_NULL_VALUE CHECK_JSON"),
    **_each((1, 1), "AS_CHAR AS_REAL IS_CHAR IS_REAL SUM KURTOSIS SKEW STDDEV STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP"),
    **_each((1, 1), "VARIANCE VARIANCE_SAMP VARIANCE_POP MIN MAX MODE ANY_VALUE BITAND_AGG BITOR_AGG BITXOR_AGG AVG"),
    **_each((1, 1), "FIRST_VALUE LAST_VALUE COUNT_IF MEDIAN PERCENTILE_CONT PERCENTILE_DISC ARRAY_AGG ARRAYAGG"),
    **_each((1, 1), "ARRAY_UNIQUE_AGG BOOLAND_AGG BOOLOR_AGG BOOLXOR_AGG RATIO_TO_REPORT CONDITIONAL_TRUE_EVENT"),
    **_each(
        (1, 1), "CONDITIONAL_CHANGE_EVENT ARRAY_UNION_AGG VECTOR_SUM VECTOR_MIN VECTOR_MAX VECTOR_AVG VECTOR_NORMALIZE"
    ),
    **_each((1, 2), "TRUNC TRUNCATE CEIL FLOOR TO_DATE DATE TRY_TO_DATE TO_TIME TRY_TO_TIME TRIM LTRIM RTRIM LISTAGG"),
    **_each((1, 2), "TO_CHAR TO_VARCHAR LAST_DAY SHA2_HEX TO_DOUBLE TRY_TO_DOUBLE PARSE_JSON TRY_PARSE_JSON COMPRESS"),
    **_each((1, 2), "TO_TIMESTAMP TO_TIMESTAMP_NTZ TO_TIMESTAMP_LTZ TO_TIMESTAMP_TZ"),
    **_each((1, 2), "TRY_TO_TIMESTAMP TRY_TO_TIMESTAMP_NTZ TRY_TO_TIMESTAMP_LTZ TRY_TO_TIMESTAMP_TZ"),
    **_each((1, 3), "ROUND LAG LEAD APPROX_TOP_K"),
    **_each((1, 4), "TO_NUMBER TO_DECIMAL TO_NUMERIC TRY_TO_NUMBER TRY_TO_DECIMAL TRY_TO_NUMERIC"),
    **_each((1, None), "CONCAT GREATEST LEAST GREATEST_IGNORE_NULLS LEAST_IGNORE_NULLS HASH HASH_AGG COUNT GROUPING"),
    **_each((1, None), "GROUPING_ID APPROX_COUNT_DISTINCT HLL HLL_ACCUMULATE MINHASH"),
    **_each((0, None), "OBJECT_CONSTRUCT OBJECT_CONSTRUCT_KEEP_NULL ARRAY_CONSTRUCT FLATTEN GENERATOR"),
    **_each((2, 2), "VECTOR_TRUNCATE"),
    **_each((2, 2), "ATAN2 POW POWER MOD BIT_SHIFTLEFT BIT_SHIFTRIGHT REPEAT STARTSWITH ENDSWITH COLLATE PARSE_IP"),
    **_each((2, 2), "DATE_TRUNC DATE_PART NULLIF NVL IFNULL GET_PATH JSON_EXTRACT_PATH_TEXT GET CORR COVAR_POP"),
    **_each((2, 2), "COVAR_SAMP REGR_AVGX REGR_AVGY REGR_COUNT REGR_INTERCEPT REGR_R2 REGR_SLOPE REGR_SXX REGR_SXY"),
    **_each((2, 2), "REGR_SYY NTH_VALUE APPROX_PERCENTILE OBJECT_AGG ADD_MONTHS MONTHS_BETWEEN NEXT_DAY PREVIOUS_DAY"),
    **_each((2, 3), "BIT_AND BIT_OR BIT_XOR BITAND BITOR BITXOR POSITION LIKE ILIKE CONVERT_TIMEZONE MIN_BY MAX_BY"),
    **_each((2, 3), "SUBSTRING REGEXP_LIKE RLIKE"),
    **_each((2, None), "COALESCE CONCAT_WS OBJECT_DELETE OBJECT_PICK"),
    **_each((3, 3), "TRANSLATE IFF DATEADD TIMEADD TIMESTAMPADD DATEDIFF TIMEDIFF TIMESTAMPDIFF DATEFROMPARTS"),
    **_each((3, 4), "TIME_SLICE TIME_FROM_PARTS TIMEFROMPARTS"),
    **_each((3, None), "DECODE"),
    **_each((2, 8), "TIMESTAMP_FROM_PARTS TIMESTAMPFROMPARTS"),
    **_each((2, 7), "TIMESTAMP_NTZ_FROM_PARTS TIMESTAMPNTZFROMPARTS REGEXP_INSTR"),
    **_each((2, 6), "REGEXP_SUBSTR REGEXP_SUBSTR_ALL REGEXP_EXTRACT_ALL REGEXP_REPLACE"),
    **_each((2, 4), "REGEXP_COUNT"),
    **_each((2, 5), "ENCRYPT"),
    **_each((1, 2), "INITCAP HEX_ENCODE BASE64_DECODE_STRING BASE64_DECODE_BINARY"),
    "BASE64_ENCODE": (1, 3),
    "AS_NUMBER": (1, 3),
    "UUID_STRING": (0, 2),
}


def fits(name: str, arguments: int) -> bool:
    """Whether the function takes so many arguments."""
    least, most = counts()[name]
    return least <= arguments and (most is None or arguments <= most)


def refused(name: str, arguments: Sequence[Node]) -> SnowflakeError:
    """000938 for a call with fewer arguments than the function takes, 000939 for one with more."""
    least, most = counts()[name]
    few = len(arguments) < least
    what, expected, code = ("not enough", least, "000938") if few else ("too many", most, "000939")
    call = f"{name}({', '.join(map(_shown, arguments))})"
    text = f"{what} arguments for function [{call}], expected {expected}, got {len(arguments)}"
    return SnowflakeError(f"SQL compilation error: error line 1 at position 0\n{text}", code, "22023")


def _shown(argument: Node) -> str:
    """Arguments that are more than a word are in DuckDB's words already, which nobody wrote."""
    return argument.sql("snowflake").upper() if isinstance(argument, exp.Literal | exp.Column) else "..."


@cache
def counts() -> dict[str, Count]:
    """The least and the most arguments of each function."""
    return {**dict(_of_macros()), **_COUNTS}


def _of_macros() -> Iterator[tuple[str, Count]]:
    """As the macros are written, in each of their forms."""
    for macro in re.finditer(r"^CREATE MACRO sf_(\w+)(.*?);$", macros.definitions(), re.MULTILINE | re.DOTALL):
        forms = [form.split(",") if form.strip() else [] for form in _FORMS.findall(macro[2])]
        least = min(sum(":=" not in argument for argument in form) for form in forms)
        yield macro[1].upper(), (least, max(map(len, forms)))


# The arguments of a form: before AS, at the beginning or behind the form before it.
_FORMS = re.compile(r"(?:^|,\s*)\(((?:[^()']|'[^']*')*)\)\s+AS\s")
