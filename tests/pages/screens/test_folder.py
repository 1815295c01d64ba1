"""The Folder screen: pictures given, audited, looked at; a finished audit opened; a picture taken over to Explain."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.audits.storage.answers import KeptAnswers
from lime_core.audits.storage.audit_folder import ABOUT, AuditFolder
from lime_core.audits.storage.findings import Findings
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS, SKIPPED
from lime_core.show.encoding import to_png
from pages.screens.folder import cards, downloads, drawing, pictures_tab, sources
from pages.state.allowed_folders import FOLDERS_VARIABLE
from pages.state.audit_job import AuditJob
from pages.state.audit_reading import read_audit
from pages.state.explain_job import ExplainJob
from pages.state.opened_audit import OpenedAudit
from pages.state.session import session
from pages.widgets.charts import plain_text
from tests.audits.known_audit import known_audit, known_collection, level_of, path_of, pixels_of, predicted_of
from tests.pages.conftest import SECONDS, FakeModel, fine, open_page, state_of, texts

SCREEN = "pages/screens/folder/page.py"
QUERY = {"samples": "32", "precision": "f32", "segmentation": "grid", "grid_rows": "3", "grid_columns": "4"}
PICTURES = 20


def zip_of(pictures: int, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(pictures):
            archive.writestr(path_of(index), to_png(pixels_of(index)))
        for name, content in more.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(**query: str) -> AppTest:
    page = fine(open_page(**(QUERY | query)))
    return fine(page.switch_page(SCREEN).run())


def given(content: bytes, name: str = "my pictures.zip", **query: str) -> AppTest:
    page = opened(**query)
    page.file_uploader(key="folder.zip").upload(name, content, "application/zip").run()
    return page


def begun(page: AppTest) -> AuditJob:
    page.number_input(key="folder.samples").set_value(32).run()
    page.button(key="folder.begin").click().run()
    job = state_of(page).folder.latest
    assert job is not None
    return job


def audited(pictures: int = 4) -> AppTest:
    page = given(zip_of(pictures))
    assert begun(page).wait(SECONDS)
    return fine(page.run())


def on_tab(page: AppTest, name: str) -> AppTest:
    page.session_state["folder.tab"] = name
    return fine(page.run())


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished audit in a folder that the operator allows, whose pictures are in another."""
    audit, pictures = tmp_path / "audits" / "animals", tmp_path / "pictures"
    known_audit(audit, PICTURES)
    known_collection(pictures, PICTURES)
    about = {"collection": str(pictures), "model": {"id": "efficientnet_lite0"}, "spec": lc.ExplainSpec().to_dict()}
    (audit / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    monkeypatch.setenv(FOLDERS_VARIABLE, f"{tmp_path / 'audits'}:{pictures}")
    return audit


def opened_finished() -> AppTest:
    page = opened()
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.button(key="folder.open").click().run()
    return fine(page)


def explained_from(page: AppTest, index: int) -> ExplainJob:
    """Open a picture of the audit on screen in Explain, and return its run once that has ended."""
    page.button(key=f"folder.explain.all.{path_of(index)}").click().run()
    job = state_of(fine(page)).job
    assert job is not None
    assert job.wait(SECONDS)
    return job


def audit_of(page: AppTest) -> OpenedAudit:
    audit = state_of(page).folder.audit
    assert audit is not None
    return audit


def said(page: AppTest) -> str:
    """Return all running text of a page as it is read."""
    return texts(page).replace("\\", "")


def test_a_zip_of_pictures_is_audited_with_few_samples_and_says_so(model: FakeModel) -> None:
    page = given(zip_of(4, **{"cat/broken.png": b"no picture"}))
    assert page.number_input(key="folder.samples").value == 256
    assert "5 pictures · 2 true classes · EfficientNet-Lite0 · 256 samples a picture" in said(page)
    job = begun(page)
    assert job.wait(SECONDS)
    assert job.error is None
    fine(page.run())
    audit = audit_of(page)
    assert list(audit.pictures) == sorted(path_of(index) for index in range(4))
    assert audit.skipped[0][0] == "cat/broken.png"
    assert "What EfficientNet-Lite0 looks at in 4 pictures" in said(page)
    assert "32 samples a picture" in said(page)


def test_an_audit_that_ends_while_the_page_is_drawn_is_shown(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    show = sources.show

    def until_the_audit_has_ended() -> None:
        show()
        job = session().folder.latest
        assert job is None or job.wait(SECONDS)

    page = given(zip_of(3))
    page.number_input(key="folder.samples").set_value(32).run()
    monkeypatch.setattr(sources, "show", until_the_audit_has_ended)
    page.button(key="folder.begin").click().run()
    assert "What EfficientNet-Lite0 looks at in 3 pictures" in said(fine(page))


def test_nothing_that_is_shown_or_taken_away_names_a_folder_of_the_server(model: FakeModel) -> None:
    page = given(zip_of(3, **{"cat/broken.png": b"no picture"}))
    assert begun(page).wait(SECONDS)
    audit = audit_of(fine(page.run()))
    root = str(audit.folder.path.parent)
    with zipfile.ZipFile(io.BytesIO(downloads.parquet_set(audit))) as archive:
        assert root.encode() not in b"".join(map(archive.read, archive.namelist()))
    assert root not in said(page)
    assert root not in str(audit.skipped)


def test_what_is_taken_away_is_opened_again(model: FakeModel) -> None:
    page = audited()
    before = audit_of(page)
    page = opened()
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.file_uploader(key="folder.audit.file").upload("audit.zip", downloads.parquet_set(before), "").run()
    after = audit_of(fine(page))
    assert after.findings == before.findings
    assert list(after.pictures) == list(before.pictures)
    for kind in SCHEMAS:
        assert after.folder.table(kind).equals(before.folder.table(kind))
    assert "cannot be opened in Explain" in said(page)


def test_a_picture_of_an_audit_opens_in_explain_and_asks_nothing(model: FakeModel) -> None:
    page = on_tab(audited(), "All pictures")
    audit, asked = audit_of(page), model.pictures
    about = audit.pictures[path_of(1)]
    page.button(key=f"folder.explain.all.{about.path}").click().run()
    fine(page)
    state = state_of(page)
    assert state.job is not None
    assert not state.job.active
    assert model.pictures == asked
    assert state.result is not None
    assert state.result.neighborhood.samples == 32
    assert state.settings.spec.seed == about.seed
    assert state.settings.focus == about.class_index
    assert state.settings.picture is not None
    assert np.array_equal(state.settings.picture.image.pixels, pixels_of(1))
    # What Explain fits is what the audit has found.
    explanation = lc.fit(state.result.neighborhood, state.settings.spec)
    assert explanation[about.class_index].r2_holdout == pytest.approx(about.r2_holdout, abs=1e-5)


def test_the_picture_stays_while_screens_are_turned_and_can_be_left(model: FakeModel) -> None:
    page = on_tab(audited(), "All pictures")
    page.button(key=f"folder.explain.all.{path_of(0)}").click().run()
    page.switch_page("pages/screens/explain/page.py").run()
    assert page.segmented_control(key="source").value == "Folder"
    assert "Egyptian cat" in texts(fine(page))
    assert state_of(page).settings.picture.from_audit
    page.segmented_control(key="source").set_value("Gallery").run()
    assert state_of(fine(page)).settings.picture.example == "cat"
    page.switch_page(SCREEN).run()
    assert audit_of(fine(page))


def test_stop_leaves_a_smaller_audit_that_goes_on(model: FakeModel) -> None:
    page = given(zip_of(6))
    page.number_input(key="folder.samples").set_value(32).run()
    model.allowed = model.pictures + 120
    page.button(key="folder.begin").click().run()
    assert model.held_up.wait(SECONDS)
    fine(page.run())
    page.button(key="folder.stop").click().run()
    model.gate.set()
    job = state_of(page).folder.latest
    assert job.wait(SECONDS)
    assert job.error is None
    fine(page.run())
    smaller = audit_of(page)
    assert 0 < len(smaller.pictures) < 6
    assert not smaller.findings.complete
    assert f"Stopped after {len(smaller.pictures)} of 6 pictures" in said(page)
    asked = model.pictures
    page.button(key="folder.go_on").click().run()
    job = state_of(page).folder.latest
    assert job.wait(SECONDS)
    assert job.started_with == len(smaller.pictures)
    fine(page.run())
    whole = audit_of(page)
    assert len(whole.pictures) == 6
    assert whole.findings.complete
    # 34 pictures each at most, beside the experiments.
    assert model.pictures > asked
    assert {path: whole.pictures[path].r2_holdout for path in smaller.pictures} == {
        path: about.r2_holdout for path, about in smaller.pictures.items()
    }


def test_one_that_is_stopped_before_the_first_picture_says_so(model: FakeModel) -> None:
    page = given(zip_of(3))
    model.gate.clear()
    job = begun(page)
    job.stop()
    model.gate.set()
    assert job.wait(SECONDS)
    fine(page.run())
    assert "Stopped before the first picture was explained, so there are no results." in said(page)
    assert page.button(key="folder.go_on").label == "Try again"


def test_an_audit_that_ends_does_not_replace_another_that_was_opened(finished: Path, model: FakeModel) -> None:
    page = given(zip_of(3))
    model.allowed = model.pictures + 60
    job = begun(page)
    assert model.held_up.wait(SECONDS)
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.button(key="folder.open").click().run()
    model.gate.set()
    assert job.wait(SECONDS)
    fine(page.run())
    assert audit_of(page).title == "animals"
    assert "The audit of my pictures.zip has ended. Another audit is on screen." in [
        info.value.replace("\\", "") for info in page.info
    ]
    page.button(key="folder.show_result").click().run()
    assert audit_of(fine(page)) is job.audit
    assert not [button for button in page.button if button.key == "folder.show_result"]


def upload_audit(page: AppTest, name: str, content: bytes) -> None:
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.file_uploader(key="folder.audit.file").upload(name, content, "").run()


def test_an_upload_that_is_refused_leaves_the_audit_on_screen_and_nothing_on_disk(
    finished: Path, model: FakeModel
) -> None:
    page = opened_finished()
    before = audit_of(page)
    upload_audit(page, "other.zip", zip_of(2))
    assert "no audit" in page.error[0].value
    assert audit_of(page) is before
    rooms = state_of(page).folder.new_room().parent
    assert [list(room.iterdir()) for room in rooms.iterdir()] == [[]]


def test_files_of_an_upload_are_removed_when_another_audit_is_shown(finished: Path, model: FakeModel) -> None:
    page = opened_finished()
    upload_audit(page, "mine.zip", downloads.parquet_set(audit_of(page)))
    mine = audit_of(fine(page)).folder.path
    assert (mine / ABOUT).is_file()
    upload_audit(page, "broken.zip", b"no zip")
    assert (mine / ABOUT).is_file()
    page.button(key="folder.open").click().run()
    page.run()
    assert not mine.exists()


def test_pictures_stay_while_they_are_audited_or_shown_and_are_removed_then(finished: Path, model: FakeModel) -> None:
    page = audited(3)
    zips = list(state_of(page).folder.new_room().parent.glob("*/pictures.zip"))
    assert len(zips) == 1
    page.file_uploader(key="folder.zip").upload("broken.zip", b"no zip", "application/zip").run()
    page.file_uploader(key="folder.zip").upload("new.zip", zip_of(2), "application/zip").run()
    fine(page)
    # The first can still be opened in Explain.
    assert len(list(state_of(page).folder.new_room().parent.glob("*/pictures.zip"))) == 2
    assert begun(page).wait(SECONDS)
    fine(page.run())
    assert not zips[0].exists()


def test_an_audit_of_the_server_that_has_changed_is_drawn_anew(finished: Path, model: FakeModel) -> None:
    page = opened_finished()
    before = audit_of(page).key
    page.button(key="folder.open").click().run()
    assert audit_of(page).key == before
    known_audit(finished, PICTURES - 2)
    page.button(key="folder.open").click().run()
    assert audit_of(fine(page)).key != before


def test_an_audit_under_way_is_no_change_of_the_visitors_own_questions(model: FakeModel) -> None:
    page = given(zip_of(6))
    model.allowed = model.pictures + 60
    job = begun(page)
    assert model.held_up.wait(SECONDS)
    page.switch_page("pages/screens/explain/page.py").run()
    page.selectbox(key="picture").set_value("coffee").run()
    assert job.active
    model.gate.set()
    assert job.wait(SECONDS)
    assert job.error is None
    assert job.audit is not None


def test_a_finished_audit_is_opened(finished: Path, model: FakeModel) -> None:
    page = opened_finished()
    shown = said(page)
    assert "What EfficientNet-Lite0 looks at in 20 pictures" in shown
    assert "**cat** leans on concept 0" in shown
    assert "1 picture could not be read" in shown
    alternatives = [one.alt for image in page.image for one in image.imgs]
    assert any(path_of(3) in text for text in alternatives)


def change_findings(audit: Path, change: Callable[[Findings], Findings]) -> None:
    folder = AuditFolder(audit)
    folder.write_findings(change(folder.findings()))


def untested(findings: Findings, concepts: int = 3) -> Findings:
    """Return the findings of an audit whose concepts were not tested."""
    return replace(
        findings,
        concepts=tuple(
            replace(concept, take_away=None, add=None, p_adjusted=math.nan, proven=False)
            for concept in findings.concepts[:concepts]
        ),
        shortcut_candidates=(),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: replace(found, shortcut_candidates=()), "None was found; 2 concepts were tested."),
        (untested, "3 concepts were found, but there are too few pictures to test them."),
        (lambda found: untested(found, 1), "1 concept was found, but there are too few pictures to test it."),
        (lambda found: untested(found, 0), "No concept was found that could be tested."),
        (lambda found: replace(untested(found), complete=False), "The audit was stopped before it looked for them."),
    ],
)
def test_without_a_candidate_it_says_what_was_tested(
    finished: Path, model: FakeModel, change: Callable[[Findings], Findings], message: str
) -> None:
    change_findings(finished, change)
    page = opened_finished()
    assert [one.value for one in (*page.info, *page.success)] == [message]


def test_no_audit_fills_the_screen_without_end(finished: Path, model: FakeModel) -> None:
    change_findings(
        finished,
        lambda found: replace(found, notes=("A note.",) * 25, shortcut_candidates=found.shortcut_candidates * 21),
    )
    page = opened_finished()
    assert said(page).count("A note.") == 20
    assert said(page).count("leans on concept 0") == 20
    assert "And 5 more notes in audit.json." in said(page)
    assert "And 1 more candidate in audit.json." in said(page)


@pytest.mark.parametrize("spec", [None, [1], "x", {"samples": "many"}, {"segmentation": [[[]]]}, {"other": {}}])
def test_settings_of_any_form_keep_pictures_closed(finished: Path, model: FakeModel, spec: object) -> None:
    about = json.loads((finished / ABOUT).read_text(encoding="utf-8"))
    (finished / ABOUT).write_text(json.dumps(about | {"spec": spec}), encoding="utf-8")
    assert "cannot be opened in Explain" in said(opened_finished())


def test_a_concept_that_was_not_tested_says_so_in_one_line(finished: Path, model: FakeModel) -> None:
    change_findings(finished, untested)
    page = on_tab(opened_finished(), "Concepts")
    assert said(page).count("Not tested: there are too few pictures.") == 3
    assert said(page).count(":material/remove: not tested") == 3
    assert "not proven" not in said(page)
    assert "could not be tested" not in said(page)


def test_a_concept_says_in_how_many_pictures_it_speaks_for_its_class(finished: Path, model: FakeModel) -> None:
    def change(findings: Findings) -> Findings:
        first, *others = findings.concepts
        return replace(findings, concepts=(replace(first, patches=first.patches[:1], pictures=4), *others))

    change_findings(finished, change)
    page = on_tab(opened_finished(), "Concepts")
    assert "In 1 picture for this class and 3 more for others · " in said(page)
    assert "In 10 pictures for this class · " in said(page)


@pytest.mark.parametrize("tab", ["Overview", "Concepts", "Mistakes", "All pictures", "Take away"])
def test_every_tab_of_a_finished_audit_is_drawn(finished: Path, model: FakeModel, tab: str) -> None:
    assert on_tab(opened_finished(), tab)


@pytest.mark.parametrize("kind", ["Confused classes", "Right for the wrong reason", "Meaningless explanations"])
def test_every_kind_of_mistake_is_drawn(finished: Path, model: FakeModel, kind: str) -> None:
    page = on_tab(opened_finished(), "Mistakes")
    fine(page.segmented_control(key="folder.mistakes").set_value(kind).run())


def test_what_changes_the_answer_is_said(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "Mistakes")
    page.segmented_control(key="folder.mistakes").set_value("What changes the answer").run()
    assert "without 1 superpixel: **dog**" in texts(fine(page))
    assert "stays **cat** whatever is hidden" in said(page)


def shown_pictures(page: AppTest) -> int:
    line = next(caption.value for caption in page.caption if " of 20 pictures" in caption.value)
    return int(line.split(" ")[0])


def test_filters_leave_the_pictures_that_fit(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "All pictures")
    assert shown_pictures(page) == PICTURES
    indices = range(PICTURES)
    page.selectbox(key="folder.filter.class").set_value("dog").run()
    assert shown_pictures(page) == sum(predicted_of(index) == "dog" for index in indices)
    page.selectbox(key="folder.filter.class").set_value(None).run()
    page.pills(key="folder.filter.level").set_value(["meaningless", "solid"]).run()
    assert shown_pictures(page) == sum(level_of(index) in ("meaningless", "solid") for index in indices)
    page.pills(key="folder.filter.level").set_value([]).run()
    page.segmented_control(key="folder.filter.outcome").set_value("Wrong").run()
    wrong = len(audit_of(page).findings.mistakes.confusions[0].pictures)
    assert shown_pictures(page) == wrong
    page.segmented_control(key="folder.filter.outcome").set_value("All").run()
    page.selectbox(key="folder.filter.concept").set_value(0).run()
    assert shown_pictures(page) == audit_of(page).by_number[0].pictures


def test_cards_come_a_page_at_a_time(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "All pictures")
    first = {button.key for button in page.button if str(button.key).startswith("folder.explain.all.")}
    assert len(first) == 12
    page.session_state[page_of_all(page)] = 2
    fine(page.run())
    second = {button.key for button in page.button if str(button.key).startswith("folder.explain.all.")}
    assert len(second) == PICTURES - 12
    assert not first & second


def page_of_all(page: AppTest) -> str:
    audit = audit_of(page)
    return cards.page_key(audit, list(audit.pictures), "all")


def test_the_tab_and_the_page_stay_while_a_picture_is_explained(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "All pictures")
    page.session_state[page_of_all(page)] = 2
    fine(page.run())
    last = list(audit_of(page).pictures)[-1]
    page.button(key=f"folder.explain.all.{last}").click().run()
    page.switch_page("pages/screens/explain/page.py").run()
    page.switch_page(SCREEN).run()
    assert page.session_state["folder.tab"] == "All pictures"
    assert f"folder.explain.all.{last}" in {button.key for button in fine(page).button}


def test_a_choice_of_as_many_other_pictures_begins_on_its_first_page(finished: Path, model: FakeModel) -> None:
    audit = audit_of(opened_finished())
    paths = list(audit.pictures)
    assert cards.page_key(audit, paths[:15], "all") != cards.page_key(audit, paths[1:16], "all")
    assert cards.page_key(audit, paths, "all") != cards.page_key(replace(audit, key="another"), paths, "all")


def test_every_button_names_its_picture(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "All pictures")
    label = page.button(key=f"folder.explain.all.{path_of(1)}").label
    assert label.replace("\\", "") == "Explain 0001.png"


def test_a_picture_of_a_finished_audit_is_asked_about_again(finished: Path, model: FakeModel) -> None:
    page = on_tab(opened_finished(), "All pictures")
    asked = model.pictures
    explained_from(page, 2)
    assert model.pictures > asked
    assert state_of(page).settings.spec.seed == 2


@pytest.mark.parametrize("fault", [None, "damaged", "of another picture", "of another seed", "of another model"])
def test_a_picture_opens_with_the_answers_that_the_command_has_kept_and_with_no_others(
    tmp_path: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch, fault: str | None
) -> None:
    pictures, folder = tmp_path / "pictures", tmp_path / "audits" / "kept"
    known_collection(pictures, 4)
    spec = lc.ExplainSpec(samples=32, segmentation=lc.Grid(rows=3, columns=4))
    classifier = model.ready("efficientnet_lite0")
    if fault == "of another model":

        def dark(images: np.ndarray) -> np.ndarray:
            return 1 - model(images)

        names, size = classifier.class_names, classifier.input_size
        classifier = lc.CallableClassifier(dark, size, names, id=classifier.id, outputs="probabilities")
        classifier.weights_sha256 = "0" * 64
    audit = lc.audit(pictures, classifier, folder, spec, keep_answers=True)
    monkeypatch.setenv(FOLDERS_VARIABLE, f"{tmp_path / 'audits'}:{pictures}")
    file, another = (KeptAnswers(audit).file(path_of(index)) for index in (2, 3))
    if fault == "damaged":
        file.write_bytes(file.read_bytes()[:1000])
    elif fault == "of another picture":
        file.write_bytes(another.read_bytes())
    elif fault == "of another seed":
        lc.query(pictures / path_of(2), classifier, spec).save_npz(file)
    page = on_tab(opened_finished(), "All pictures")
    asked = model.pictures
    job = explained_from(page, 2)
    assert (model.pictures > asked) == (fault is not None)
    assert job.neighborhood is not None
    # What is shown is what this server's model says.
    own = replace(spec, seed=audit_of(page).pictures[path_of(2)].seed)
    expected = lc.query(pictures / path_of(2), model.ready("efficientnet_lite0"), own)
    np.testing.assert_array_equal(job.neighborhood.outputs, expected.outputs)


def test_a_picture_that_has_changed_is_not_explained(finished: Path, model: FakeModel, tmp_path: Path) -> None:
    page = on_tab(opened_finished(), "All pictures")
    (tmp_path / "pictures" / path_of(2)).write_bytes(to_png(pixels_of(3)))
    page.button(key=f"folder.explain.all.{path_of(2)}").click().run()
    page.run()
    assert "has changed since the audit" in page.error[0].value
    assert not page.exception


def test_pictures_outside_of_what_the_operator_allows_stay_closed(
    finished: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDERS_VARIABLE, str(finished))
    page = on_tab(opened_finished(), "All pictures")
    assert "cannot be opened in Explain" in said(page)
    assert not [button for button in page.button if str(button.key).startswith("folder.explain.")]


@pytest.mark.parametrize("root", ["a\0b", "~\0", "x" * 10_000], ids=["zero", "home", "long"])
def test_a_collection_that_no_system_knows_keeps_pictures_closed(finished: Path, model: FakeModel, root: str) -> None:
    about = json.loads((finished / ABOUT).read_text(encoding="utf-8"))
    (finished / ABOUT).write_text(json.dumps(about | {"collection": root}), encoding="utf-8")
    assert "cannot be opened in Explain" in said(opened_finished())


def test_damage_that_drawing_finds_is_said(finished: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(drawing, "pair", fails)
    monkeypatch.setattr(drawing, "patches", fails)
    page = opened()
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.button(key="folder.open").click().run()
    assert not page.exception
    assert {error.value for error in page.error} == {"These pictures cannot be drawn: the audit is damaged."}


def test_a_folder_that_the_operator_allows_is_audited(finished: Path, model: FakeModel) -> None:
    page = opened()
    page.segmented_control(key="folder.source").set_value("Folder of this server").run()
    # The folder of audits holds no pictures; the other one does.
    page.selectbox(key="folder.pictures").set_value("pictures").run()
    assert "20 pictures · 2 true classes" in texts(fine(page))


def test_without_allowed_folders_none_is_offered(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDERS_VARIABLE, raising=False)
    assert opened().segmented_control(key="folder.source").options == ["Zip of pictures", "Finished audit"]


@pytest.mark.parametrize("content", [b"", b"no zip", zip_of(2)[:200]], ids=["empty", "something else", "a part of one"])
def test_a_bad_zip_gives_a_sentence(model: FakeModel, content: bytes) -> None:
    page = given(content)
    assert not page.exception
    assert "my pictures" in page.error[0].value
    assert "limelight-audit" not in page.error[0].value


def test_a_zip_without_pictures_gives_a_sentence(model: FakeModel) -> None:
    page = given(zip_of(0, **{"notes.txt": b"none"}))
    assert not page.exception
    assert len(page.error) == 1


def test_an_uploaded_file_that_is_no_audit_gives_a_sentence(model: FakeModel) -> None:
    page = opened()
    page.segmented_control(key="folder.source").set_value("Finished audit").run()
    page.file_uploader(key="folder.audit.file").upload("other.zip", zip_of(2), "").run()
    assert not page.exception
    assert "no audit" in page.error[0].value
    assert state_of(page).folder.audit is None


def test_a_label_map_of_ones_own_does_not_fit_a_folder(model: FakeModel) -> None:
    page = given(zip_of(2))
    spec = lc.ExplainSpec(segmentation=lc.LabelMap(np.arange(4, dtype=np.int32).reshape(2, 2)), samples=32)
    state_of(page).settings = replace(state_of(page).settings, spec=spec)
    page.run()
    assert not page.exception
    assert "fits one picture only" in page.error[0].value


def test_an_empty_audit_and_one_of_another_version_give_a_sentence(tmp_path: Path) -> None:
    known_audit(tmp_path / "empty", 1)
    (tmp_path / "empty" / ABOUT).write_text("{}", encoding="utf-8")
    for file in (tmp_path / "empty" / EXPLANATIONS).glob("*.parquet"):
        file.unlink()
    with pytest.raises(lc.LimeError, match="holds no explained picture"):
        read_audit(tmp_path / "empty", "mine", "key")
    known_audit(tmp_path / "other", 1)
    with pytest.raises(lc.LimeError, match="no audit that can be shown"):
        read_audit(tmp_path / "other", "mine", "key")
    (tmp_path / "other" / ABOUT).write_text("[1]", encoding="utf-8")
    with pytest.raises(lc.LimeError, match="no audit that can be shown"):
        read_audit(tmp_path / "other", "mine", "key")
    with pytest.raises(lc.LimeError, match="is no audit"):
        read_audit(tmp_path, "mine", "key")


def test_the_scatter_holds_every_picture_once_and_no_markup_of_strangers(tmp_path: Path) -> None:
    known_audit(tmp_path, PICTURES)
    (tmp_path / ABOUT).write_text("{}", encoding="utf-8")
    pictures = list(read_audit(tmp_path, "mine", "key").pictures.values())
    figure = pictures_tab.scatter(pictures)
    assert sorted(path for trace in figure.data for (path,) in trace.customdata) == sorted(
        about.path for about in pictures
    )
    assert plain_text("<b>&") == "&lt;b&gt;&amp;"


def test_tables_taken_away_are_those_of_the_audit(tmp_path: Path) -> None:
    expected = known_audit(tmp_path, 3)
    (tmp_path / ABOUT).write_text("{}", encoding="utf-8")
    taken = downloads.parquet_set(read_audit(tmp_path, "mine", "key"))
    target = tmp_path / "again"
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        archive.extractall(target)
    assert AuditFolder(target).table(SKIPPED).equals(expected.table(SKIPPED))
