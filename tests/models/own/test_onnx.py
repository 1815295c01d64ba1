from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from own_models import (
    CLASSES,
    HEIGHT,
    WIDTH,
    linear_onnx,
    logits,
    onnx_model,
    pooled_onnx,
    softmax,
    weights_for,
    with_nodes,
)

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.from_file import preprocessings_of
from lime_core.models.own.model import Head, OwnModel
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def engine_of(model: OwnModel, batch: int = 4) -> OpenVINOEngine:
    return OpenVINOEngine(model.graph, model.input_size, Plan(batch), channels=model.channels)


def pictures_for(model: OwnModel, count: int = 5) -> NDArray[np.float32]:
    shape = (count, *model.input_size, model.channels)
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.UINT8])
def test_every_layout_and_type_gives_the_known_answer(channels: int, first: bool, kind: int) -> None:
    model = read_model(linear_onnx(channels=channels, first=first, kind=kind), name="linear.onnx")
    pictures = pictures_for(model)
    assert (model.input_size, model.channels, model.kind) == ((HEIGHT, WIDTH), channels, "onnx")
    assert model.outputs == (Head("activated", CLASSES),)
    expected = softmax(logits(pictures, weights_for(channels)))
    np.testing.assert_allclose(engine_of(model).predict(pictures), expected, atol=1e-5)


def test_superpixels_are_taken_from_the_pictures_that_the_choices_name() -> None:
    model = read_model(linear_onnx())
    pictures = pictures_for(model, 3)
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 7, model.input_size, dtype=np.int32)
    choices = rng.integers(0, 3, (9, 7), dtype=np.uint8)
    rows, columns = np.indices(model.input_size)
    assembled = np.stack([pictures[choice[labels], rows, columns] for choice in choices])
    expected = softmax(logits(assembled, weights_for()))
    np.testing.assert_allclose(engine_of(model).choose(pictures, labels, choices), expected, atol=1e-5)


@pytest.mark.parametrize("reshape", [(0, -1), (1, -1), (1, 3 * HEIGHT * WIDTH)])
def test_a_model_for_one_picture_answers_batches_like_single_pictures(reshape: tuple[int, int]) -> None:
    model = read_model(linear_onnx(batch=1, reshape=reshape))
    pictures = pictures_for(model)
    expected = softmax(logits(pictures, weights_for()))
    np.testing.assert_allclose(engine_of(model).predict(pictures), expected, atol=1e-5)


@pytest.mark.parametrize("sides", [(1, 3, -1), (1, 3, HEIGHT * WIDTH)])
def test_reshapes_inside_a_model_for_one_picture_follow_the_batch(sides: tuple[int, ...]) -> None:
    nodes = [
        helper.make_node("Reshape", ["pixels", "sides"], ["rows"]),
        helper.make_node("ReduceMean", ["rows"], ["means"], axes=[2], keepdims=1),
        helper.make_node("Reshape", ["means", "last"], ["scores"]),
    ]
    constants = {"sides": np.array(sides, np.int64), "last": np.array([1, 3], np.int64)}
    model = read_model(with_nodes(nodes, shape=[1, 3, HEIGHT, WIDTH], constants=constants))
    pictures = pictures_for(model)
    np.testing.assert_allclose(engine_of(model).predict(pictures), pictures.mean((1, 2)), rtol=1e-5)


def test_uint8_inputs_get_the_rounded_numbers_of_the_picture() -> None:
    model = read_model(linear_onnx(kind=TensorProto.UINT8, activation=None))
    pictures = pictures_for(model, 2) + np.float32(0.4)
    pictures[0, 0, 0] = [-3.0, 255.6, 300.0]
    expected = logits(np.clip(np.round(pictures), 0, 255), weights_for())
    np.testing.assert_allclose(engine_of(model).predict(pictures), expected, atol=1e-5)
    assert any("uint8" in note for note in model.notes)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("Softmax", "softmax"), ("Sigmoid", "sigmoid"), ("LogSoftmax", "log_softmax"), ("Relu", None), (None, None)],
)
def test_the_last_operation_is_reported(activation: str | None, expected: str | None) -> None:
    assert read_model(linear_onnx(activation=activation)).last_operation == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [((), False), ((("Mul", 0.5),), True), ((("Sub", 127.0), ("Div", 128.0)), True), ((("Add", 1.0),), True)],
)
def test_a_scaled_input_is_reported_and_scaled_once(before: Any, expected: bool) -> None:
    model = read_model(linear_onnx(before=before, activation=None))
    pictures = pictures_for(model)
    scaled = pictures
    for operation, value in before:
        function = {"Mul": np.multiply, "Sub": np.subtract, "Div": np.divide, "Add": np.add}[operation]
        scaled = function(scaled, np.float32(value))
    assert model.scales_inside is expected
    np.testing.assert_allclose(engine_of(model).predict(pictures), logits(scaled, weights_for()), atol=1e-5)


def test_an_open_size_is_asked_for_and_then_taken() -> None:
    content = pooled_onnx(["N", 3, "h", "w"])
    with pytest.raises(ModelError, match=r"leaves the size of its pictures open.*input_size="):
        read_model(content)
    model = read_model(content, input_size=(7, 9))
    pictures = pictures_for(model)
    assert pictures.shape[1:3] == (7, 9)
    np.testing.assert_allclose(engine_of(model).predict(pictures), pictures.mean((1, 2)), rtol=1e-5)


def test_another_size_than_the_model_s_is_refused() -> None:
    with pytest.raises(ModelError, match=r"takes pictures of \(6, 5\) pixels; input_size is \(5, 6\)"):
        read_model(linear_onnx(), input_size=(5, 6))
    assert read_model(linear_onnx(), input_size=(6, 5)).input_size == (6, 5)


@pytest.mark.parametrize("size", [(0, 5), (5,), "66", (1.5, 2.0), 7])
def test_an_input_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ModelError, match="height and width in pixels"):
        read_model(linear_onnx(), input_size=size)


def test_a_shape_with_two_readings_is_read_as_onnx_models_usually_are_and_noted() -> None:
    model = read_model(pooled_onnx(["N", 3, 8, 3]))
    assert (model.input_size, model.channels) == ((8, 3), 3)
    assert any("can be read in two ways" in note and "(batch, channels, height, width)" in note for note in model.notes)


def test_open_channels_are_taken_for_color_and_noted() -> None:
    model = read_model(pooled_onnx(["N", "c", "h", "w"]), input_size=(4, 4))
    assert model.channels == 3
    assert any("number of channels open" in note for note in model.notes)


def test_one_of_several_outputs_is_chosen_by_name() -> None:
    content = pooled_onnx(["N", 3, 4, 4], heads=("first", "second"))
    with pytest.raises(ModelError, match=r"2 outputs: 'first' \(3 classes.*'second'.*output='first'"):
        read_model(content)
    with pytest.raises(ModelError, match="no output named 'third'"):
        read_model(content, output="third")
    model = read_model(content, output="second")
    assert model.outputs == (Head("first", 3), Head("second", 3))
    assert model.output == "second"
    pictures = pictures_for(model)
    np.testing.assert_allclose(engine_of(model).predict(pictures), 2 * pictures.mean((1, 2)), rtol=1e-5)


def test_an_output_of_another_shape_leaves_only_one_to_choose() -> None:
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["scores"], axes=[2, 3], keepdims=0),
        helper.make_node("Relu", ["pixels"], ["features"]),
    ]
    outputs = [("features", TensorProto.FLOAT, ["N", 3, HEIGHT, WIDTH]), ("scores", TensorProto.FLOAT, ["N", 3])]
    assert read_model(with_nodes(nodes, outputs=outputs)).output == "scores"


def test_sides_of_one_in_an_output_are_left_out_and_noted() -> None:
    model = read_model(linear_onnx(output_shape=(-1, CLASSES, 1, 1)))
    pictures = pictures_for(model)
    assert engine_of(model).predict(pictures).shape == (len(pictures), CLASSES)
    assert model.last_operation == "softmax"
    assert any("is read as (batch, 4)" in note for note in model.notes)


@pytest.mark.parametrize(
    "text",
    [
        '{"0": "a", "1": "b", "2": "c", "3": "d"}',
        "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}",
        '["a","b","c","d"]',
        "a,b, c,d",
        "a\nb\nc\nd\n",
    ],
)
def test_class_names_in_the_metadata_are_read_in_every_common_form(text: str) -> None:
    assert read_model(linear_onnx(metadata={"author": "x", "names": text})).labels == ("a", "b", "c", "d")


def test_class_names_that_do_not_fit_are_left_out_and_noted() -> None:
    model = read_model(linear_onnx(metadata={"labels": "a,b"}))
    assert model.labels == ()
    assert any("names 2 classes, but the output has 4" in note for note in model.notes)


def test_control_characters_do_not_get_out_of_the_metadata() -> None:
    model = read_model(linear_onnx(metadata={"labels": "a\x1b[31m,b,c,d"}))
    assert model.labels == ("a [31m", "b", "c", "d")


def _mean(source: str = "pixels") -> Any:
    return helper.make_node("ReduceMean", [source], ["scores"], axes=[2, 3], keepdims=0)


REFUSED = {
    "four channels": (pooled_onnx(["N", 4, 8, 8]), "3 channels"),
    "three dimensions": (
        with_nodes([helper.make_node("ReduceMean", ["pixels"], ["scores"], axes=[2], keepdims=0)], shape=["N", 8, 8]),
        "must be a batch of pictures",
    ),
    "a huge picture": (pooled_onnx(["N", 3, 100000, 100000]), "at most 4,194,304 pixels"),
    "an int8 input without a scale": (linear_onnx(kind=TensorProto.INT8), "int8|i8"),
    "an int64 input": (linear_onnx(kind=TensorProto.INT64), "i64"),
    "two inputs": (
        with_nodes(
            [helper.make_node("Add", ["pixels", "other"], ["sum"]), _mean("sum")],
            inputs=[("pixels", TensorProto.FLOAT, ["N", 3, 8, 8]), ("other", TensorProto.FLOAT, ["N", 3, 8, 8])],
        ),
        "must have one input.*it has 2: other, pixels",
    ),
    "a picture as output": (
        with_nodes(
            [helper.make_node("Relu", ["pixels"], ["scores"])],
            outputs=[("scores", TensorProto.FLOAT, ["N", 3, HEIGHT, WIDTH])],
        ),
        "one floating-point number for each of",
    ),
    "a class as output": (
        with_nodes(
            [
                helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[2, 3], keepdims=0),
                helper.make_node("ArgMax", ["means"], ["scores"], axis=1),
            ],
            outputs=[("scores", TensorProto.INT64, ["N", 1])],
        ),
        r"of the shape \(batch, classes\).*i64",
    ),
    "pictures that depend on one another": (
        with_nodes(
            [
                helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[0], keepdims=1),
                helper.make_node("Sub", ["pixels", "mean"], ["difference"]),
                _mean("difference"),
            ]
        ),
        "depend on the other pictures of its batch",
    ),
    "chance": (
        with_nodes(
            [
                helper.make_node("RandomUniformLike", ["pixels"], ["noise"]),
                helper.make_node("Add", ["pixels", "noise"], ["noisy"]),
                _mean("noisy"),
            ]
        ),
        "or on chance",
    ),
    "an operation of somebody's": (
        with_nodes([helper.make_node("Magic", ["pixels"], ["scores"], domain="somebody")]),
        "Magic",
    ),
    "a graph in a circle": (
        with_nodes(
            [
                helper.make_node("Add", ["pixels", "b"], ["a"]),
                helper.make_node("Relu", ["a"], ["b"]),
                _mean("b"),
            ]
        ),
        "cannot be read",
    ),
    **{
        f"a batch of {batch} built in": (
            with_nodes(
                [helper.make_node("Concat", ["pixels", "row"], ["more"], axis=2), _mean("more")],
                shape=[batch, 3, HEIGHT, WIDTH],
                constants={"row": np.zeros((batch, 3, 1, WIDTH), np.float32)},
            ),
            "the number of pictures is built into it",
        )
        for batch in (1, 8)
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_explained_is_refused_in_words(name: str) -> None:
    content, message = REFUSED[name]
    with pytest.raises(ModelError, match=message):
        read_model(content, name="model.onnx")


@pytest.mark.parametrize("location", ["/etc/hostname", "../../secret.bin", "model.onnx", ""])
@pytest.mark.parametrize("place", ["initializer", "attribute", "subgraph", "function"])
def test_weights_in_other_files_are_refused_wherever_the_model_names_them(location: str, place: str) -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    model = onnx_model(linear_onnx())
    if place == "initializer":
        model.graph.initializer.append(tensor)
    elif place == "attribute":
        model.graph.node.append(helper.make_node("Constant", [], ["outside"], value=tensor))
    elif place == "subgraph":
        inner = helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "inner", [], [])
        model.graph.node.append(helper.make_node("If", ["pixels"], ["z"], then_branch=inner, else_branch=inner))
    else:
        node = helper.make_node("Constant", [], ["y"], value=tensor)
        model.functions.append(helper.make_function("somebody", "f", [], ["y"], [node], [helper.make_opsetid("", 17)]))
    with pytest.raises(ModelError, match="external data"):
        read_model(model.SerializeToString())


def test_a_model_saved_with_external_data_by_onnx_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save_model(onnx_model(linear_onnx()), path, save_as_external_data=True, size_threshold=0)
    with pytest.raises(ModelError, match="external data"):
        read_model(path)


def test_reading_imports_no_tensorflow() -> None:
    program = (
        "import sys; sys.path.insert(0, 'tests'); from own_models import linear_onnx\n"
        "from lime_core.models.own.reading import read_model\n"
        "read_model(linear_onnx()); assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("metadata", "suggested"),
    [
        ({"mean": "[0.485, 0.456, 0.406]", "std": "[0.229, 0.224, 0.225]"}, "torch"),
        ({"Image.NominalPixelRange": "Normalized_0_1"}, "rescale"),
        ({"Image.NominalPixelRange": "NominalRange_0_255", "Image.BitmapPixelFormat": "Bgr8"}, "none-bgr"),
        ({"author": "somebody", "names": "a,b,c,d"}, None),
    ],
)
def test_a_preprocessing_in_the_metadata_is_suggested(metadata: dict[str, str], suggested: str | None) -> None:
    model = read_model(linear_onnx(metadata=metadata))
    assert all(f"{key}: {value}" in model.metadata for key, value in metadata.items() if key != "names")
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    found = preprocessings_of(model, image)
    if suggested is None:
        assert "metadata" not in found.reason
    else:
        assert (str(found.suggested), found.reason) == (suggested, f"The model's metadata name '{suggested}'.")
