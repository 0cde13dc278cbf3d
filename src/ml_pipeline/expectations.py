"""What the data must be like: laws to declare it with. validation.py checks them."""

from dataclasses import dataclass

KEY, TABLE = "{key}", "{table}"


@dataclass(frozen=True)
class Expectation:
    """A law of the data, with the SQL that finds what breaks it.

    `failed` is an expression that counts the offenders, among other aggregates over the table. `offenders` is a query
    that names them in one column, OFFENDER. Both are format strings for the table's name, `table`, and for an
    expression that names a row, `key`.
    """

    name: str
    failed: str
    offenders: str


def every(name: str, holds: str) -> Expectation:
    """Expect a condition of every row. A null breaks every expectation that looks at it."""
    fails = f"NOT COALESCE({holds}, FALSE)"
    # Where no row fails, COUNT_IF is NULL: https://docs.snowflake.com/en/sql-reference/functions/count_if
    counted = f"COALESCE(COUNT_IF({fails}), 0)"
    return Expectation(name, counted, f"SELECT {KEY} AS OFFENDER FROM {TABLE} WHERE {fails}")


def present(*columns: str) -> tuple[Expectation, ...]:
    """Expect a value in every row of these columns."""
    return tuple(every(f"{column} is there", f"{column} IS NOT NULL") for column in columns)


def finite(*columns: str) -> tuple[Expectation, ...]:
    """Expect no NaN and no infinity in these columns of numbers; a null is another law's.

    A comparison such as X > 0 does not find them: NaN is greater than every other number.
    https://docs.snowflake.com/en/sql-reference/data-types-numeric#special-values
    """
    return tuple(
        every(f"{column} is a finite number", f"{column} IS NULL OR ABS({column}::FLOAT) < 'inf'::FLOAT")
        for column in columns
    )


def unique(*columns: str) -> Expectation:
    """Expect no two rows with the same values in these columns."""
    keys = ", ".join(columns)
    repeated = f"SELECT {KEY} AS OFFENDER FROM {TABLE} GROUP BY {keys} HAVING COUNT(*) > 1"
    return Expectation(f"{keys} is unique", f"COUNT(*) - COUNT(DISTINCT {keys})", repeated)
