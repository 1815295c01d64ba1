"""What holds of all links, tried on random valid settings and on random texts."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from settings.test_properties import writable
from valid_specs import specs

import lime_core as lc
from lime_core.methods import mask_methods
from lime_core.models import CATALOG
from pages.shell import links
from pages.state.gallery import EXAMPLES

NAMES = ("picture", "model", "precision", "method", "samples", "seed", "kernel-width", "slic-n-segments", "tab", "fill")


@given(
    specs(),
    st.sampled_from([None, *EXAMPLES]),
    st.sampled_from([None, *CATALOG]),
    st.sampled_from([None, *mask_methods()]),
)
def test_every_link_gives_its_settings_back(spec, picture, model, method) -> None:
    wanted = links.LinkedSettings(picture, model, None, writable(spec), method)
    query = parse_qs(urlsplit(links.link("http://localhost:8501/", wanted)).query, keep_blank_values=True)
    back = links.follow(query)
    assert replace(back, spec=back.spec or lc.ExplainSpec()) == wanted


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), st.lists(st.text(max_size=12), min_size=1)))
def test_whatever_a_link_says_is_followed_or_refused_in_words(query) -> None:
    try:
        outcome: object = links.follow(query)
    except lc.LimeError as error:
        outcome = str(error)
    assert outcome
    assert isinstance(outcome, links.LinkedSettings | str)
