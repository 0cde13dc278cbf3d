"""Rows travel in the layout that the connector's reader has."""

from decimal import Decimal

import pyarrow as pa
import pytest

from local_snowflake.http import wire
from local_snowflake.kernel.types import Column


def encoded(values: list, digits: int, scale: int) -> pa.Array:
    chunked = pa.chunked_array([pa.array(values, pa.decimal128(digits, scale))])
    return wire._encoded(chunked, Column("N", "fixed", digits, scale))


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1.50", "-0.01", "0.00"], pa.int32(), [150, -1, 0]),
        (["1.50", None, "-2.00"], pa.int32(), [150, None, -200]),
        (["21474836.47", "-21474836.48"], pa.int32(), [2**31 - 1, -(2**31)]),
        (["21474836.48", None], pa.int64(), [2**31, None]),
        (["-21474836.49"], pa.int64(), [-(2**31) - 1]),
        ([None], pa.int32(), [None]),
        ([], pa.int64(), []),
        (["92233720368547758.07", "-92233720368547758.08"], pa.int64(), [2**63 - 1, -(2**63)]),
    ],
)
def test_decimals_are_scaled_integers_of_as_few_bits_as_hold_them(values, kind, expected):
    found = encoded([v and Decimal(v) for v in values], 38, 2)
    assert (found.type, found.to_pylist()) == (kind, expected)


@pytest.mark.parametrize("value", ["92233720368547758.08", "-92233720368547758.09", "1e30"])
def test_longer_decimals_stay_decimals(value):
    found = encoded([Decimal(value)], 38, 2)
    assert pa.types.is_decimal(found.type)


def test_a_part_of_a_longer_column_is_read_from_its_own_beginning():
    whole = pa.chunked_array([pa.array([Decimal("1.0"), Decimal("2.0"), None, Decimal("4.0")], pa.decimal128(9, 1))])
    assert wire._encoded(whole.slice(1, 3), Column("N", "fixed", 9, 1)).to_pylist() == [20, None, 40]
