"""Settings as flags, as commands and as links."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

import lime_core as lc
from lime_core.settings.flags import command_line, flags_of, spec_from, spec_from_flags

SPECS = {
    **lc.PRESETS,
    "grid": lc.ExplainSpec(segmentation=lc.Grid(rows=3, columns=5), samples=64),
    "classes": lc.ExplainSpec(classes=(967, 285), seed=7),
    "color": lc.ExplainSpec(fill="color", fill_color=(1, 2, 3), kernel_width=1 / 3),
    "crop": lc.ExplainSpec(framing="center_crop", sampler="iid", keep_probability=0.7, hide_unsure=False),
}


@pytest.mark.parametrize("name", SPECS)
def test_flags_give_the_same_settings_back(name: str) -> None:
    assert spec_from_flags(flags_of(SPECS[name])) == SPECS[name]


@pytest.mark.parametrize("name", SPECS)
def test_the_command_line_understands_its_own_command(name: str) -> None:
    from lime_core.__main__ import build_parser  # brings the whole command line, which no other test here needs

    command = command_line(SPECS[name], "my cat's picture.jpg", model="resnet50", output="out")
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "lime_core"]
    options = build_parser().parse_args(words[3:])
    assert (options.image, options.model) == ("my cat's picture.jpg", "resnet50")
    assert spec_from(options, lc.ExplainSpec()) == SPECS[name]


def test_defaults_need_no_flag() -> None:
    assert flags_of(lc.ExplainSpec()) == {}


def test_a_label_map_is_named_as_a_file() -> None:
    spec = replace(lc.ExplainSpec(), segmentation=lc.LabelMap([[0, 1]]))
    assert "--label-map label_map.png" in command_line(spec, "cat.jpg")


def test_the_range_of_values_is_a_flag_where_there_is_one() -> None:
    from lime_core.__main__ import build_parser  # as above

    assert "--value-range" not in command_line(lc.ExplainSpec(), "cat.jpg")
    command = command_line(lc.ExplainSpec(), "cat.tif", value_range=(-0.25, 4095.0))
    assert "--value-range -0.25 4095 " in command
    assert build_parser().parse_args(shlex.split(command)[3:]).value_range == [-0.25, 4095]


def test_a_file_name_cannot_be_taken_for_a_flag() -> None:
    assert " ./--quiet " in command_line(lc.ExplainSpec(), "--quiet")
    assert shlex.split(command_line(lc.ExplainSpec(), "a;rm -rf $HOME"))[4] == "a;rm -rf $HOME"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"samples": ["many"]}, "samples: invalid int value: 'many'"),
        ({"samples": ["1"]}, "samples must be in 2..100000"),
        ({"samples": ["64", "65"]}, "Unrecognized arguments: 65"),
        ({"segmentation": ["voronoi"]}, "invalid choice: 'voronoi'"),
        ({"segmentation": ["label_map"]}, "invalid choice: 'label_map'"),
        ({"label-map": ["secret.png"]}, "Unrecognized arguments: --label-map"),
        ({"slic-n-segments": ["0"]}, "n_segments must be in 2..1023"),
        ({"grid-rows": ["3"], "slic-sigma": ["2"]}, "Choose one segmentation"),
        ({"fill": ["red"]}, "invalid choice: 'red'"),
        ({"class-indices": ["cat"]}, "class-indices: invalid int value"),
        ({"kernel-width": ["nan"]}, "kernel_width must be"),
        ({"utm_source": ["x"]}, "Unrecognized arguments: --utm_source x"),
    ],
)
def test_what_is_wrong_is_said(flags: dict[str, list[str]], said: str) -> None:
    with pytest.raises(lc.SpecError, match=said.replace("(", r"\(")):
        spec_from_flags(flags)
