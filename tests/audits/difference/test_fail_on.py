"""The conditions of --fail-on: their grammar, their thresholds, and what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lime_core as lc
from lime_core.audits.difference.fail_on import Condition
from tests.audits.small_audits import Said, audit_of

PLAIN = Said(label="cat")
OTHER = {
    "evidence": replace(PLAIN, coefficients=(0.0, 3.0, 2.0)),
    "prediction": replace(PLAIN, predicted="dog", index=1, also=(("cat", 0),)),
    "accuracy": replace(PLAIN, predicted="dog", index=1, also=(("cat", 0),)),
    "verdict": replace(PLAIN, level="meaningless"),
}


@pytest.mark.parametrize(
    ("text", "threshold"), [("accuracy", None), ("accuracy:0.02", 0.02), ("accuracy:2%", 0.02), ("evidence:0", 0.0)]
)
def test_a_threshold_is_a_share_or_a_percentage(text, threshold):
    condition = Condition.parse(text)
    assert condition.threshold == threshold
    assert Condition.parse(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accurracy", "There is no condition 'accurracy'; choose from evidence, prediction"),
        ("evidence:", "share of the pictures in 0..1, or in %; got ''"),
        ("evidence:nan", "got 'nan'"),
        ("evidence:120%", "got '120%'"),
        ("evidence:-0.1", "got '-0.1'"),
        ("shortcut:0.1", "shortcut takes no threshold"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_is_allowed(text, message):
    with pytest.raises(lc.SpecError, match=message):
        Condition.parse(text)


def of_twenty(tmp_path, name, changed):
    """Twenty pictures of which some have changed as the condition asks."""
    a = audit_of(tmp_path / "a", {f"{number:02}": PLAIN for number in range(20)})
    b = audit_of(tmp_path / "b", {f"{number:02}": OTHER[name] if number < changed else PLAIN for number in range(20)})
    return lc.diff(a, b)


@pytest.mark.parametrize("name", ["evidence", "prediction", "accuracy"])
def test_a_threshold_is_what_is_still_allowed(tmp_path, name):
    difference = of_twenty(tmp_path, name, 3)
    assert Condition(name, 0.15).reason(difference) is None
    reason = Condition(name, 0.14).reason(difference)
    assert "20 pictures" in reason
    assert "more than the allowed 0.14" in reason


@pytest.mark.parametrize("name", ["accuracy", "verdict"])
def test_a_fall_that_chance_explains_is_no_change(tmp_path, name):
    # 2 × 0.5⁹ = 0.0039 and 2 × 0.5¹⁰ = 0.0020, on either side of 0.0025.
    assert Condition(name).reason(of_twenty(tmp_path / "nine", name, 9)) is None
    assert "from 20 to 10 of 20 pictures (p = 0.002)" in Condition(name).reason(of_twenty(tmp_path / "ten", name, 10))


def test_a_rise_is_no_change_for_the_worse(tmp_path):
    difference = of_twenty(tmp_path, "accuracy", 15)
    better = lc.diff(difference.b, difference.a)
    assert better.accuracy.gained == 15
    assert [Condition(name).reason(better) for name in ("accuracy", "verdict")] == [None, None]


def test_a_fall_of_the_verdicts_has_to_be_significant_and_large(tmp_path):
    difference = of_twenty(tmp_path, "verdict", 12)
    assert Condition("verdict", 0.5).reason(difference) is not None
    assert Condition("verdict", 0.6).reason(difference) is None
    assert Condition("verdict", 0.0).reason(of_twenty(tmp_path / "few", "verdict", 3)) is None


@pytest.mark.parametrize(
    ("name", "said", "message"),
    [
        ("evidence", {"b": replace(PLAIN, area=7)}, "cut into other superpixels"),
        ("verdict", {"b": replace(PLAIN, area=7)}, "cut into other superpixels"),
        ("evidence", {"b": replace(PLAIN, error=None)}, "3 coefficients have no error bar and were not tested"),
        ("shortcut", {"b": replace(PLAIN, error=None)}, "3 coefficients have no error bar and were not tested"),
        ("verdict", {"b": replace(PLAIN, predicted="dog", index=1)}, "have no class that both audits explain"),
        ("shortcut", {}, "needs audit.json in both folders"),
        ("accuracy", {"a": replace(PLAIN, label=None)}, "whose true class is known"),
    ],
)
def test_a_guard_that_can_see_nothing_does_not_let_a_model_pass(tmp_path, name, said, message):
    folders = [audit_of(tmp_path / side, {"one": said.get(side, PLAIN)}) for side in "ab"]
    with pytest.raises(lc.SpecError, match=message):
        Condition(name).reason(lc.diff(*folders))


def test_a_verdict_on_another_class_is_no_fall(tmp_path):
    many = {f"{number:02}": PLAIN for number in range(30)}
    other = replace(PLAIN, predicted="dog", index=1, level="meaningless")
    changed = {path: other if number < 20 else PLAIN for number, path in enumerate(many)}
    difference = lc.diff(audit_of(tmp_path / "a", many), audit_of(tmp_path / "b", changed))
    assert difference.reliable.pictures == difference.with_evidence == 10
    assert Condition("verdict").reason(difference) is None
