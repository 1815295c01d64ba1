"""Two audits of the same pictures: which pictures are compared, what has moved, and what is noise."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

import lime_core as lc
from lime_core.audits.difference.fail_on import Condition
from lime_core.audits.storage.audit_folder import ABOUT
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS, SUPERPIXELS
from tests.audits.known_audit import STICKER, known_audit, known_findings
from tests.audits.small_audits import Said, audit_of, explained_audit
from tests.benchmarks.pictures import DEFAULT_FOLDER
from tests.known_answers import SUPERPIXELS as TWELVE_SUPERPIXELS
from tests.known_answers import TWELVE, colorful_image, known_answer

PLAIN = Said()
STRONGER = replace(PLAIN, coefficients=(0.0, 3.0, 2.0))
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=128, fill="black")
EVERYTHING = [Condition(name) for name in ("evidence", "prediction", "verdict")]


def looking_at(superpixel):
    """A model of two classes whose log-odds depend on one superpixel, and on the others two by two."""

    def outputs(masks):
        others = np.delete(masks, superpixel, axis=1)
        log_odds = 2 * masks[:, superpixel] + 0.4 * (others[:, :-1] * others[:, 1:]).sum(axis=1) - 1
        cat = 1 / (1 + np.exp(-log_odds))
        return np.stack([cat, 1 - cat], axis=1)

    return lambda image: known_answer(outputs, image, SPEC)


@pytest.fixture(scope="module")
def pictures():
    return {f"{number}.png": colorful_image(seed=number) for number in range(4)}


def test_a_planted_change_is_found_where_it_is_and_nowhere_else(tmp_path, pictures):
    before = explained_audit(tmp_path / "a", pictures, looking_at(2), SPEC)
    after = explained_audit(tmp_path / "b", pictures, looking_at(9), SPEC, first_seed=100)
    difference = lc.diff(before, after)
    assert len(difference.moved) == len(pictures)
    for picture in difference.pictures:
        by_superpixel = {moved.superpixel: moved for moved in picture.moved}
        assert {2, 9} <= by_superpixel.keys() <= {1, 2, 3, 8, 9, 10}  # their neighbours had a product with them
        assert by_superpixel[2].after < by_superpixel[2].before
        assert by_superpixel[9].after > by_superpixel[9].before
        box = by_superpixel[9].box
        assert (box.left, box.top) == (22, 41)  # second of four columns, third of three rows
    assert difference.tested == len(pictures) * TWELVE_SUPERPIXELS
    assert Condition("evidence").reason(difference) is not None
    assert Condition("prediction").reason(difference) is None


def test_another_seed_of_the_same_model_is_no_change(tmp_path, pictures):
    audits = [
        explained_audit(tmp_path / str(seed), pictures, looking_at(5), SPEC, first_seed=100 * seed) for seed in range(5)
    ]
    for a, b in itertools.combinations(audits, 2):
        assert [each.reason(lc.diff(a, b)) for each in EVERYTHING] == [None] * 3


@pytest.mark.slow
def test_another_seed_of_the_built_in_model_is_no_change(tmp_path):
    files = sorted(DEFAULT_FOLDER.glob("*.jpg"))[:2]
    if not files:
        pytest.skip("needs the photographs of the benchmarks")
    classifier, spec = lc.load_classifier(), lc.ExplainSpec(samples=256)
    photographs = {file.name: lc.load_image(file) for file in files}
    audits = [
        explained_audit(tmp_path / str(seed), photographs, lambda _: classifier, spec, first_seed=100 * seed)
        for seed in range(3)
    ]
    for a, b in itertools.combinations(audits, 2):
        assert [each.reason(lc.diff(a, b)) for each in EVERYTHING] == [None] * 3


def test_pictures_are_the_same_where_their_pixels_are(tmp_path):
    a = {"same": PLAIN, "old/place": replace(PLAIN, sha256="moved"), "gone": PLAIN, "redrawn": PLAIN}
    b = {
        "same": PLAIN,
        "new/place": replace(PLAIN, sha256="moved"),
        "fresh": PLAIN,
        "redrawn": replace(PLAIN, sha256="x"),
    }
    difference = lc.diff(audit_of(tmp_path / "a", a), audit_of(tmp_path / "b", b))
    paths = {(each.picture, each.picture_b) for each in difference.pictures}
    assert paths == {("same", "same"), ("old/place", "new/place")}
    assert (difference.only_a, difference.only_b, difference.replaced) == (("gone",), ("fresh",), ("redrawn",))


def test_audits_of_other_pictures_are_refused(tmp_path):
    a, b = audit_of(tmp_path / "a", {"one": PLAIN}), audit_of(tmp_path / "b", {"two": PLAIN})
    with pytest.raises(lc.LimeError, match="no picture in common"):
        lc.diff(a, b)


def test_of_pictures_that_were_cut_otherwise_only_predictions_are_compared(tmp_path):
    a = audit_of(tmp_path / "a", {"one": PLAIN, "two": PLAIN})
    b = audit_of(tmp_path / "b", {"one": replace(STRONGER, area=300), "two": PLAIN})
    difference = lc.diff(a, b)
    assert difference.predictions_only == ("one",)
    assert difference.with_evidence == 1
    assert not difference.moved
    assert "1 of 2 pictures were cut into other superpixels" in difference.notes[0]


def test_classes_are_matched_by_name_though_the_models_number_them_differently(tmp_path):
    a = audit_of(tmp_path / "a", {"one": replace(PLAIN, label="cat")})
    b = audit_of(tmp_path / "b", {"one": replace(STRONGER, predicted="dog", index=7, also=(("cat", 9),), label="cat")})
    (picture,) = lc.diff(a, b).pictures
    assert picture.predicted == ("cat", "dog")
    assert [(moved.class_name, moved.superpixel) for moved in picture.moved] == [("cat", 1)]


def test_two_classes_of_one_name_are_told_apart_by_their_numbers(tmp_path):
    crane = replace(PLAIN, predicted="crane", index=134)
    a = audit_of(tmp_path / "a", {"bird": crane, "machine": replace(crane, index=517)})
    b = audit_of(tmp_path / "b", {"bird": crane, "machine": crane})
    assert [each.picture for each in lc.diff(a, b).other_predictions] == ["machine"]


def test_another_prediction_without_a_class_in_common_is_said(tmp_path):
    a = audit_of(tmp_path / "a", {"one": PLAIN})
    b = audit_of(tmp_path / "b", {"one": replace(PLAIN, predicted="dog", index=1)})
    difference = lc.diff(a, b)
    assert difference.predictions_only == ("one",)
    assert "1 of 1 pictures have no class that both audits explain" in difference.notes[0]


@pytest.mark.parametrize("error", [None, float("nan")])
def test_coefficients_without_error_bars_are_not_tested(tmp_path, error):
    a, b = (
        audit_of(tmp_path / name, {"one": replace(said, error=error)}) for name, said in (("a", PLAIN), ("b", STRONGER))
    )
    difference = lc.diff(a, b)
    assert (difference.tested, difference.moved) == (0, ())
    assert difference.notes == ("3 coefficients have no error bar and were not tested.",)


def test_the_most_moved_picture_comes_first(tmp_path):
    twice = replace(PLAIN, coefficients=(1.0, 3.0, 2.0))
    a = audit_of(tmp_path / "a", dict.fromkeys("abcd", PLAIN))
    b = audit_of(
        tmp_path / "b",
        {"a": PLAIN, "b": STRONGER, "c": twice, "d": replace(PLAIN, predicted="dog", also=(("cat", 0),))},
    )
    assert [each.picture for each in lc.diff(a, b).pictures] == ["c", "b", "d", "a"]


@pytest.mark.parametrize("changed", [{"fill": "mean"}, {"samples": 512}])
def test_of_audits_with_other_settings_only_predictions_are_compared(tmp_path, changed):
    a, b = audit_of(tmp_path / "a", {"one": PLAIN}), audit_of(tmp_path / "b", {"one": STRONGER})
    settings = {"fill": "blur", "samples": 256, "seed": 0}
    for folder, own in ((a, settings), (b, {**settings, **changed, "seed": 1})):
        folder.write_text(ABOUT, json.dumps({"format": "limelight-audit/1", "model": {"id": "m"}, "spec": own}))
    difference = lc.diff(a, b)
    assert difference.with_evidence == 0
    assert f"different settings ({next(iter(changed))}: " in difference.notes[0]
    with pytest.raises(lc.SpecError, match="different settings"):
        Condition("evidence").reason(difference)


def test_a_shortcut_that_is_new_is_told_from_one_that_both_audits_have(tmp_path):
    with_it, without = known_audit(tmp_path / "with"), known_audit(tmp_path / "without")
    table = without.table(SUPERPIXELS)
    rows = [
        row | ({"coefficient": 0.01 * row["coefficient"]} if row["superpixel"] == STICKER else {})
        for row in table.to_pylist()
    ]
    without.write_part(SUPERPIXELS, "part-0", table.from_pylist(rows, schema=SCHEMAS[SUPERPIXELS]))
    without.write_findings(replace(known_findings(), shortcut_candidates=()))

    worse = lc.diff(without, with_it)
    (new,) = worse.candidates
    assert new.new
    assert new.grown == new.superpixels == 7
    assert new.change == pytest.approx(8 * 0.99, abs=0.01)
    assert new.share[0] < 0.05 < 0.5 < new.share[1]
    assert Condition("shortcut").reason(worse) == "New shortcut candidates: cat (concept 0)."

    better = lc.diff(with_it, without)
    assert [each.new for each in better.candidates] == [False]
    assert better.candidates[0].change < 0
    both = lc.diff(with_it, with_it)
    assert [each.also_in_other for each in both.candidates] == [True, True]
    assert [Condition("shortcut").reason(each) for each in (better, both)] == [None, None]


def test_a_new_candidate_without_new_evidence_is_no_change(tmp_path):
    a, b = known_audit(tmp_path / "a"), known_audit(tmp_path / "b")
    a.write_findings(replace(known_findings(), shortcut_candidates=()))
    difference = lc.diff(a, b)
    assert not difference.candidates[0].also_in_other
    assert Condition("shortcut").reason(difference) is None


def test_a_candidate_of_which_nothing_can_be_compared_does_not_let_a_model_pass(tmp_path):
    a, b = known_audit(tmp_path / "a"), known_audit(tmp_path / "b")
    a.write_findings(replace(known_findings(), shortcut_candidates=()))
    table = a.table(EXPLANATIONS)
    others = [row | ({"class_name": "lynx"} if row["class_name"] == "cat" else {}) for row in table.to_pylist()]
    a.write_part(EXPLANATIONS, "part-0", table.from_pylist(others, schema=SCHEMAS[EXPLANATIONS]))
    difference = lc.diff(a, b)
    assert difference.tested
    assert difference.candidates[0].cannot_be_told
    with pytest.raises(lc.SpecError, match=r"cannot tell whether cat \(concept 0\) is new"):
        Condition("shortcut").reason(difference)


def test_a_candidate_in_pictures_that_the_other_audit_does_not_have_is_not_taken_for_one_of_its_own(tmp_path):
    a, b = known_audit(tmp_path / "a"), known_audit(tmp_path / "b")
    found = known_findings()
    elsewhere = [
        replace(each, patches=tuple(replace(patch, picture=f"new/{patch.picture}") for patch in each.patches))
        for each in found.concepts
    ]
    b.write_findings(replace(found, concepts=tuple(elsewhere)))
    difference = lc.diff(a, b)
    (own,) = (each for each in difference.candidates if each.audit == "b")
    assert not own.also_in_other
    with pytest.raises(lc.SpecError, match="none of its superpixels can be compared"):
        Condition("shortcut").reason(difference)


@pytest.mark.parametrize("damage", ["missing", "no audit", "damaged", "damaged about"])
def test_what_is_no_audit_is_refused_with_its_name(tmp_path, damage):
    good, bad = audit_of(tmp_path / "a", {"one": PLAIN}), tmp_path / "b"
    if damage == "no audit":
        bad.mkdir()
    elif damage == "damaged":
        audit_of(bad, {"one": PLAIN})
        (bad / "superpixels" / "part-0.parquet").write_bytes(b"PAR1 but no more")
    elif damage == "damaged about":
        audit_of(bad, {"one": PLAIN}).write_text(ABOUT, "{")
    with pytest.raises(lc.LimeError, match=str(bad)):
        lc.diff(good, bad)


def test_the_json_has_all_pictures_and_no_number_that_json_lacks(tmp_path):
    a, b = audit_of(tmp_path / "a", {"one": PLAIN}), audit_of(tmp_path / "b", {"one": replace(STRONGER, area=1)})
    document = json.loads(lc.diff(a, b).to_json())
    assert document["format"] == "limelight-audit-difference/1"
    assert document["pictures"][0]["shift"] is None
    assert document["predictions_only"] == ["one"]
