"""Values between Python and Arrow, messages between processes, and errors as user code sees them."""

import datetime
import decimal
import socket
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_snowflake.python.interpreter import channel, loading, scalar, table, values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NUMBER, TEXT, REAL, VARIANT = ({"type": t, "scale": 0} for t in ("fixed", "text", "real", "variant"))


@given(st.dictionaries(st.text(), JSON, max_size=3), st.binary(max_size=2000))
def test_a_message_arrives_as_it_was_sent(head, payload):
    one, other = socket.socketpair()
    with one, other:
        sending = threading.Thread(target=channel.send, args=(one, head, payload))
        sending.start()
        assert channel.receive(other) == (head, payload)
        sending.join()


def test_a_closed_channel_is_the_end():
    one, other = socket.socketpair()
    with other:
        one.close()
        with pytest.raises(EOFError):
            channel.receive(other)


@given(st.lists(JSON, max_size=5))
def test_semi_structured_values_survive_the_way_there_and_back(written):
    assert values.to_python(values.to_arrow(written, VARIANT), VARIANT) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (NUMBER, 7),
        ({"type": "fixed", "precision": 9, "scale": 2}, decimal.Decimal("1.25")),
        (REAL, 0.5),
        (TEXT, "a"),
        ({"type": "boolean"}, True),
        ({"type": "binary"}, b"\x00"),
        ({"type": "date"}, datetime.date(2024, 2, 3)),
        ({"type": "time"}, datetime.time(1, 2, 3)),
        ({"type": "timestamp_ntz"}, datetime.datetime(2024, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_each_type_comes_back_as_it_went(kind, value):
    payload = values.write(values.to_arrow([value, None], kind))
    assert values.to_python(values.read(payload).column(0), kind) == [value, None]


def test_numpys_and_pandas_values_count_as_pythons():
    assert values.to_arrow([np.int64(1), pd.NA, np.float64(2)], NUMBER).to_pylist() == [1, None, 2]
    found = values.to_json({"a": np.array([1]), "b": np.float32(0.5), "c": pd.Timestamp("2024-01-02"), "d": pd.NA})
    assert found == '{"a":[1],"b":0.5,"c":"2024-01-02T00:00:00","d":null}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 2**70, "b": 1.5}, f'{{"a":{2**70},"b":1.5}}'),
        ({1: "one"}, '{"1":"one"}'),
        ([float("nan"), np.float64("nan")], "[null,null]"),
        ("\ud800", '"\\ud800"'),
        ("é", '"é"'),
    ],
)
def test_json_holds_what_python_can_write(value, text):
    assert values.to_json(value) == text


def test_what_is_not_of_the_type_is_refused():
    with pytest.raises(TypeError, match="Expected bool but got str"):
        values.to_arrow(["yes"], {"type": "boolean"})
    with pytest.raises(TypeError, match="not JSON serializable"):
        values.to_arrow([object()], VARIANT)


def test_no_rows_are_read_as_no_rows():
    assert values.read(values.write(pa.array([], pa.int64()))).num_rows == 0


def test_a_report_leaves_the_workers_own_frames_out():
    try:
        loading._body("def run():\n    raise ValueError('boom')").run()
    except ValueError as error:
        text = loading.report(error)
    assert 'File "_udf_code.py", line 2, in run' in text
    assert "loading.py" not in text


def test_a_vectorised_function_must_answer_every_row():
    def short(frame):
        return frame[0][:1]

    loading._snowflake().vectorized(input=pd.DataFrame)(short)
    apply = scalar.applied(short, {"arguments": [REAL], "returns": REAL, "strict": False})
    with pytest.raises(ValueError, match="1 values for a batch of 2 rows"):
        apply(pa.record_batch([pa.array([1.0, 2.0])], names=["a"]))


def test_a_wide_function_gets_its_object_as_columns():
    def total(frame):
        return frame["a"] + frame["b"]

    mark = loading._snowflake().vectorized(input=pd.DataFrame, max_batch_size=1, flatten_object_input=True)
    apply = scalar.applied(mark(total), {"arguments": [VARIANT], "returns": REAL, "strict": False})
    rows = pa.array(['{"a": 1, "b": 2}', '{"a": 3, "b": 4}'])
    assert apply(pa.record_batch([rows], names=["o"])).to_pylist() == [3.0, 7.0]


def test_a_table_function_must_be_a_class():
    with pytest.raises(loading.HandlerError, match="must be a class"):
        table.checked(len)


def test_secrets_are_unknown():
    with pytest.raises(ValueError, match="Unknown secret 'key'"):
        loading._snowflake().get_generic_secret_string("key")
