"""What all tests share: which of them are slow, one loaded built-in model, and a cache folder of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lite0_files as lite0_files_module
import pytest
from hypothesis import settings

import lime_core as lc

if TYPE_CHECKING:
    from collections.abc import Iterator

# The same examples each time, so that a failure repeats; and no deadline, because machines are shared.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

TESTS = Path(__file__).parent
# Folders and files of tests that take seconds each: trained networks, whole screens, browsers, other processes.
SLOW_PATHS = tuple(
    TESTS / path
    for path in (
        "cli/test_methods.py",
        "cli/test_runs.py",
        "models/engines",
        "models/file_gradients/test_keras_files.py",
        "models/files/test_cache.py",
        "models/networks/test_keras_classifier.py",
        "models/networks/test_own_models.py",
        "models/networks/test_parity.py",
        "models/own",
        "models/servers/test_mlserver.py",
        "notebook",
        "packaging/test_wheel.py",
        "pages/browser",
        "pages/screens",
        "pages/shell",
        "pages/state/test_reduced_precision.py",
        "test_real_model.py",
    )
)
# Begun first: at the end, one of two processes would wait for the other to finish them.
LONGEST = (TESTS / "training", TESTS / "test_serving.py")
SLOW_FIXTURES = {"lite0", "lite0_files", "run_python"}
# Single tests: a whole benchmark, hundreds of fits, pictures of fifty megapixels, every network built once.
SLOW_NAMES = {
    "test_fifty_megapixels_take_less_than_a_gigabyte",
    "test_keras_asks_for_the_file_on_the_card_and_builds_the_model_on_the_card",
    "test_a_hundred_classes_of_a_thousand_superpixels_fit_into_little_memory",
    "test_after_an_early_stop_intervals_hold_as_often_as_they_say",
    "test_a_short_soak_finds_no_wrong_answer_no_broken_page_and_no_exception",
    "test_what_is_said_of_the_k_strongest_is_true_in_95_percent_of_runs",
    "test_an_additive_model_has_no_pair_that_acts_together_at_any_kernel_width",
    "test_intervals_hold_95_percent_with_few_and_with_many_degrees_of_freedom",
    "test_ninety_five_percent_intervals_cover_the_truth_nearly_that_often",
    "test_pure_noise_is_meaningless_and_no_superpixel_is_sure",
    "test_rows_are_printed_one_by_one_and_kept_when_the_benchmark_is_interrupted",
    "test_the_short_form_of_the_methods_runs",
    "test_the_short_form_gives_every_visitor_the_command_line_s_coefficients",
    "test_the_short_form_runs_and_writes_its_numbers",
    "test_what_a_stop_says_of_the_strongest_is_true",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, so that ``pytest -m "not slow"`` leaves it out; put the longest files first."""
    missing = [str(path.relative_to(TESTS)) for path in (*SLOW_PATHS, *LONGEST) if not path.exists()]
    if missing:
        raise pytest.UsageError(f"tests/conftest.py calls slow or long what is not there: {', '.join(missing)}.")
    items.sort(key=lambda item: not any(item.path.is_relative_to(path) for path in LONGEST))
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        slow = any(item.path.is_relative_to(path) for path in SLOW_PATHS)
        if slow or fixtures & SLOW_FIXTURES or getattr(item, "originalname", None) in SLOW_NAMES:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def lite0() -> lc.Classifier:
    """The built-in model with its real weights."""
    return lc.load_classifier("efficientnet_lite0")


@pytest.fixture(scope="session")
def lite0_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The built-in network as a file of each format that can be brought, by ending."""
    return lite0_files_module.write(tmp_path_factory.mktemp("lite0"))


@pytest.fixture(scope="session", autouse=True)
def cache_folder_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep converted models away from the user's own cache, and from those of other versions of the code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMELIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
