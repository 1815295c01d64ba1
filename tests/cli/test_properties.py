"""What holds of the file names of results, whatever classes are called."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lime_core.cli.earlier_results import FILES, picture_name
from lime_core.models.names import as_class_names

NAMES = st.one_of(
    st.text(),
    st.text(st.sampled_from('./\\:*?"<>| \0\n-_aZ9éß猫')),
    st.sampled_from(["CON", "nul.png", "..", "~", "$HOME", "-rf", "a" * 5000]),
)


@given(st.integers(1, 100), st.integers(0, 10**6), NAMES)
def test_a_picture_has_a_safe_file_name(rank, index, name):
    file = picture_name(rank, index, name)
    assert re.fullmatch(r"[1-9][0-9]*-[a-z0-9]+(-[a-z0-9]+)*\.png", file)
    assert len(file) <= 100
    assert file not in FILES
    assert file == picture_name(rank, index, name)


@given(st.lists(NAMES, min_size=1, max_size=20))
def test_no_two_classes_share_a_file_name(names):
    files = [picture_name(rank, 0, name) for rank, name in enumerate(names, start=1)]
    assert len({file.casefold() for file in files}) == len(names)


@given(st.lists(st.text() | st.text(st.characters(codec=None)), max_size=20))
def test_names_of_classes_can_always_be_written_to_a_file(names):
    read = as_class_names(names)
    assert len(read) == len(names)
    assert all(name.encode("utf-8").decode("utf-8") == name for name in read)
    assert as_class_names(read) == read


@given(st.permutations(range(6)), st.lists(st.text("abc猫", min_size=1), min_size=6, max_size=6, unique=True))
def test_a_dict_of_names_is_read_the_same_both_ways_and_in_any_order(order, names):
    by_index = {index: names[index] for index in order}
    assert as_class_names(by_index) == tuple(names)
    assert as_class_names({str(index): name for index, name in by_index.items()}) == tuple(names)
    assert as_class_names({name: index for index, name in by_index.items()}) == tuple(names)
