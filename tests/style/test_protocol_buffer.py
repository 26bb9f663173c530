"""The encoding of ONNX files, held against what the `onnx` package writes, and against bytes that nobody wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper

from impasto.style.protocol_buffer import fields, integers, whole

NUMBERS = st.integers(-(2**63), 2**63 - 1)


def fields_of(data):
    return [(number, data[value] if isinstance(value, slice) else value) for number, value in fields(data, whole(data))]


def field_of(data, wanted):
    return next(value for number, value in fields(data, whole(data)) if number == wanted)


@given(st.text(), NUMBERS)
def test_texts_and_numbers_are_what_onnx_wrote(text, number):
    data = helper.make_attribute(text, number).SerializeToString()
    assert data[field_of(data, AttributeProto.NAME_FIELD_NUMBER)].decode() == text
    assert integers(data, field_of(data, AttributeProto.I_FIELD_NUMBER)) == [number]


@given(st.lists(NUMBERS, min_size=1))
def test_repeated_numbers_are_read_packed_or_one_by_one(numbers):
    packed = TensorProto(int64_data=numbers).SerializeToString()
    assert integers(packed, field_of(packed, TensorProto.INT64_DATA_FIELD_NUMBER)) == numbers
    apart = AttributeProto(ints=numbers).SerializeToString()
    values = [value for number, value in fields(apart, whole(apart)) if number == AttributeProto.INTS_FIELD_NUMBER]
    assert [each for value in values for each in integers(apart, value)] == numbers


def test_fixed_sizes_are_bytes():
    data = AttributeProto(f=1.5).SerializeToString()
    assert fields_of(data)[0] == (AttributeProto.F_FIELD_NUMBER, b"\x00\x00\xc0\x3f")
    assert fields_of(b"\x09" + bytes(range(8))) == [(1, bytes(range(8)))]


def test_a_message_within_another_is_read_where_it_lies():
    inner = TensorProto(name="weights", dims=[3, 4])
    data = helper.make_attribute("value", inner).SerializeToString()
    where = field_of(data, AttributeProto.T_FIELD_NUMBER)
    found = dict(fields(data, where))
    assert data[found[TensorProto.NAME_FIELD_NUMBER]] == b"weights"
    assert data[where] == inner.SerializeToString()


def test_nothing_is_an_empty_message():
    assert fields_of(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "cut short"),
        (b"\x0a\x05abc", "cut short"),
        (b"\x0d\x00\x00", "cut short"),
        (b"\x09\x00\x00\x00\x00", "cut short"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "cut short"),
        (b"\x0b", "unknown kind 3"),
        (b"\x0f", "unknown kind 7"),
        (b"\x08" + b"\xff" * 11, "more than ten bytes"),
    ],
)
def test_what_is_no_message(data, message):
    with pytest.raises(ValueError, match=message):
        fields_of(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_stay_within(data):
    try:
        found = list(fields(data, whole(data)))
    except ValueError:
        return
    assert all(0 <= value.start <= value.stop <= len(data) for _, value in found if isinstance(value, slice))


@given(st.binary(max_size=100), st.integers(0, 100), st.integers(0, 100))
def test_a_message_is_not_read_beyond_its_end(data, start, stop):
    where = slice(min(start, len(data)), min(max(start, stop), len(data)))
    try:
        found = list(fields(data, where))
    except ValueError:
        return
    assert all(
        where.start <= value.start and value.stop <= where.stop for _, value in found if isinstance(value, slice)
    )
