"""Which preprocessing a network was trained with: what it says of a picture under each, and which is the likeliest.

A network that is shown the wrong range answers all the same, and often confidently. Three things tell: a layer inside
that scales pixels, what the file says, and the answers themselves. For the last the network is asked about slightly
changed versions of the picture, whose class should stay, and about pictures that show nothing. Given the wrong range it
mostly answers both alike, or nothing clearly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.output_reader import OutputReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_COLOUR = ("none", "rescale", "tf", "torch", "caffe", "none-bgr")  # the first of equal ones is suggested
_GREY = ("none", "rescale", "tf")
# The highest score of a network that knows the picture; below it another preprocessing has often been higher. Measured
# with EfficientNet-Lite0, behind each preprocessing, on six pictures.
_LEAST_SCORE = 0.3
_CLOSE = 0.8  # of the highest score
_LONGEST_METADATA = 10_000  # characters


@dataclass(frozen=True, slots=True)
class PreprocessingAnswer:
    """What a model says under one preprocessing.

    Attributes
    ----------
    preprocessing : Preprocessing
        The choice.
    top : tuple of (int, float)
        The five strongest classes for the picture, by index, with their outputs.
    confidence : float
        Largest mean output over slightly changed versions of the picture, 0..1.
    contrast : float
        How far that output is from the mean one for pictures that show nothing, 0..1.
    """

    preprocessing: Preprocessing
    top: tuple[tuple[int, float], ...]
    confidence: float
    contrast: float

    @property
    def score(self) -> float:
        """Confidence times contrast, 0..1: near 0 for a model that answers the same to everything."""
        return self.confidence * self.contrast


@dataclass(frozen=True, slots=True)
class PreprocessingComparison:
    """What a model says under every preprocessing that was tried, and which one is suggested.

    Attributes
    ----------
    answers : tuple of PreprocessingAnswer
        In the order in which they were tried.
    suggested : Preprocessing
        The likeliest.
    reason : str
        Why, in a sentence.
    """

    answers: tuple[PreprocessingAnswer, ...]
    suggested: Preprocessing
    reason: str


def compare_preprocessings(
    image: NDArray[np.uint8],
    predict: Callable[[NDArray[np.float32]], NDArray[Any]],
    *,
    choices: Sequence[Any] | None = None,
    also: Sequence[Any] = (),
    channels: int = 3,
    scales_inside: bool = False,
    metadata: str = "",
    outputs: str = "auto",
    last_operation: str | None = None,
) -> PreprocessingComparison:
    """Ask a model about a picture under several preprocessings, and suggest one.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3)
        A picture of something the model knows, RGB at its input size.
    predict : callable
        Maps prepared pictures float32 ``(B, h, w, channels)`` to the model's own outputs ``(B, C)``; called once a
        preprocessing, with 10 pictures.
    choices : sequence, optional
        Preprocessings in any form of `Preprocessing.parse`; if left out those of Keras, ``rescale``, and unscaled BGR.
    also : sequence
        Preprocessings to try besides these.
    channels : {3, 1}
        Colour or grey.
    scales_inside : bool
        Whether a Rescaling or Normalization layer was found behind the model's input.
    metadata : str
        What the model's file or page says, in which a preprocessing may be named.
    outputs, last_operation
        As in `lime_core.models.output_reader.OutputReader`.

    Returns
    -------
    PreprocessingComparison
        What is said inside the model goes before what its metadata say, and that before its answers.

    Raises
    ------
    ModelError
        If a preprocessing is unknown, or the model answers in another form than (B, C).
    """
    usual = choices or (_GREY if channels == 1 else _COLOUR)
    parsed = list(dict.fromkeys(Preprocessing.parse(choice) for choice in (*usual, *also)))
    named = preprocessing_in(metadata)
    if named is not None and named not in parsed:
        parsed.append(named)
    versions = np.concatenate([_changed(image), _showing_nothing(image)])
    raw = [_asked(predict, choice(versions, channels)) for choice in parsed]
    read = OutputReader(outputs, last_operation)
    # The form is recognised from all answers together: those to one range alone may be all alike.
    read(np.concatenate(raw))
    answers = tuple(_answer(choice, read(rows), read.meaning) for choice, rows in zip(parsed, raw, strict=True))
    if scales_inside:
        return PreprocessingComparison(answers, Preprocessing("none"), "A layer inside the model scales the pixels.")
    if named is not None:
        return PreprocessingComparison(answers, named, f"The model's metadata name '{named}'.")
    return PreprocessingComparison(answers, *_from_answers(answers))


def preprocessing_in(metadata: str) -> Preprocessing | None:
    """Return the preprocessing that a text names, or None.

    Known are means and standard deviations (in units of 0..1 or of 0..255, as in TFLite's metadata), and the pixel
    ranges and orders of ONNX's image metadata (``Image.NominalPixelRange``, ``Image.BitmapPixelFormat``).
    """
    text = metadata[:_LONGEST_METADATA].lower()
    bgr = True if re.search(r"\bbgr(8)?\b", text) else None
    mean, std = _numbers(text, "mean"), _numbers(text, "stddev|std|standard[ _]deviation")
    if mean and std:
        return _standardised(mean, std, bgr=bgr)
    for words, name in _RANGES:
        if re.search(words, text):
            return replace(Preprocessing.parse(name), bgr=bgr)
    return None


# In this order: the first that a text contains.
_RANGES = (
    (r"normalized_1_1|-1(\.0)? ?(\.\.|,|to) ?1\b", "tf"),
    (r"normalized_0_1|nominalrange_0_1|\b1(\.0)? ?/ ?255\b|\b0\.0039", "rescale"),
    (r"nominalrange_0_255|\b0 ?(\.\.|to|-) ?255\b", "none"),
)


def _numbers(text: str, words: str) -> tuple[float, ...]:
    """Return the number or the three numbers that stand behind a word."""
    number = r"\d{1,4}(?:\.\d{0,12})?"
    match = re.search(rf"(?:{words})s?\W{{1,6}}({number}(?:[,;\s]{{1,3}}{number}){{0,2}})", text)
    found = () if match is None else tuple(float(value) for value in re.findall(number, match[1]))
    return found if len(found) in (1, 3) else ()


def _standardised(mean: tuple[float, ...], std: tuple[float, ...], *, bgr: bool | None) -> Preprocessing | None:
    if set(mean) == {0.0} and set(std) == {1.0}:
        return Preprocessing("none", bgr=bgr)  # TFLite's way to say that nothing is done
    scale = 255.0 if max(*mean, *std) > 1 else 1.0
    try:
        own = Preprocessing.parse(([value / scale for value in mean], [value / scale for value in std]))
    except ModelError:
        return None  # numbers that are something else
    every_value = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    for name in ("rescale", "tf", "torch"):
        if np.allclose(own(every_value), Preprocessing.parse(name)(every_value), atol=0.01):
            return replace(Preprocessing.parse(name), bgr=bgr)
    return Preprocessing("own", own.mean, own.std, bgr)


def _changed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture and versions of it whose class should be the same, uint8 ``(5, h, w, 3)``."""
    height, width = image.shape[:2]
    shift = (max(height // 20, 1), max(width // 20, 1))
    shifted = np.pad(image, ((shift[0], 0), (shift[1], 0), (0, 0)), mode="edge")[:height, :width]
    brightness = np.arange(256)
    darker, brighter = (np.clip(brightness * factor, 0, 255).astype(np.uint8)[image] for factor in (0.85, 1.15))
    return np.stack([image, image[:, ::-1], shifted, darker, brighter])


def _showing_nothing(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures without anything to recognise, uint8 ``(5, h, w, 3)``."""
    rng = np.random.default_rng(0)
    flat = [np.full_like(image, value) for value in (0, 128, 255)]
    pixels = rng.permutation(image.reshape(-1, 3)).reshape(image.shape)
    return np.stack([*flat, np.full_like(image, image.mean(axis=(0, 1)).astype(np.uint8)), pixels])


def _asked(predict: Callable[[NDArray[np.float32]], NDArray[Any]], pictures: NDArray[np.float32]) -> NDArray[Any]:
    outputs = np.asarray(predict(pictures))
    if outputs.ndim != 2 or len(outputs) != len(pictures):
        raise ModelError(
            f"The model must return one row of outputs a picture, shape ({len(pictures)}, C); got {outputs.shape}."
        )
    return outputs


def _answer(choice: Preprocessing, outputs: NDArray[np.float32], meaning: str) -> PreprocessingAnswer:
    changed, nothing = outputs[:5].mean(axis=0), outputs[5:].mean(axis=0)
    strongest = int(changed.argmax())
    order = np.argsort(-outputs[0], kind="stable")[:5]
    contrast = abs(float(changed[strongest] - nothing[strongest]))
    confidence = float(changed[strongest])
    if meaning == "values":  # of any unit: nothing is known of how confident they are
        confidence, contrast = 0.0, 0.0
    top = tuple((int(index), float(outputs[0, index])) for index in order)
    return PreprocessingAnswer(choice, top, confidence, contrast)


def _from_answers(answers: tuple[PreprocessingAnswer, ...]) -> tuple[Preprocessing, str]:
    best = max(answers, key=lambda answer: answer.score)  # the first of equal ones
    if best.score < _LEAST_SCORE:
        return best.preprocessing, (
            f"The answers hardly tell; '{best.preprocessing}' suits them best. Under no preprocessing is the model "
            "confident about this picture and not about pictures that show nothing: try one of something that it knows."
        )
    reason = (
        f"With '{best.preprocessing}' the model is confident about the picture ({best.confidence:.2f}) and not about "
        f"pictures that show nothing (different by {best.contrast:.2f})."
    )
    close = [f"'{each.preprocessing}'" for each in answers if each is not best and each.score > _CLOSE * best.score]
    if close:
        reason += f" {' and '.join(close)} {'is' if len(close) == 1 else 'are'} nearly as likely; compare the classes."
    return best.preprocessing, reason
