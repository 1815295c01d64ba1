"""A small audit whose truth is known: a model that looks at an animal, and at a yellow sticker in the corner.

Pictures are 60×90 pixels in six superpixels of 30×30, two rows of three. Superpixel 1 (top centre) holds the animal,
green for a cat and blue for a dog; superpixel 5 (bottom right) holds a sticker in half of the cats and in one dog of
five, which is taken for a cat. Everything else is grey.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image as PillowImage

import lime_core as lc
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.findings import (
    Box,
    Concept,
    Confusion,
    Experiment,
    Findings,
    Flip,
    Mistakes,
    Patch,
    Representative,
    ShortcutCandidate,
)
from lime_core.audits.storage.tables import EXPLANATIONS, MEMBERS, SCHEMAS, SKIPPED, SUPERPIXELS, THUMBNAILS
from lime_core.collections.base import Collection, open_collection

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HEIGHT, WIDTH, SIDE, SUPERPIXELS_EACH = 60, 90, 30, 6
ANIMAL, STICKER = 1, 5  # superpixels
STICKER_CONCEPT, CAT_CONCEPT, DOG_CONCEPT = 0, 1, 2
CLASSES = ("cat", "dog")
GREEN, BLUE, YELLOW = (0, 200, 0), (0, 0, 200), (255, 255, 0)
ANIMAL_EFFECT, STICKER_EFFECT = 6 * 200 / 255, 8.0  # log-odds
BROKEN = "dog/broken.jpg"


def label_of(index: int) -> str:
    return CLASSES[index % 2]


def path_of(index: int) -> str:
    return f"{label_of(index)}/{index:04d}.png"


def has_sticker(index: int) -> bool:
    return index % 4 == 0 if label_of(index) == "cat" else index % 10 == 1


def segments() -> NDArray[np.int32]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows // SIDE * 3 + columns // SIDE).astype(np.int32)


def box_of(superpixel: int) -> Box:
    top, left = superpixel // 3 * SIDE, superpixel % 3 * SIDE
    return Box(top=top, left=left, bottom=top + SIDE, right=left + SIDE)


def pixels_of(index: int) -> NDArray[np.uint8]:
    """Return the picture uint8 (60, 90, 3); grey levels of the ground differ, so that no two pictures are equal."""
    pixels = np.full((HEIGHT, WIDTH, 3), 100 + index % 60, np.uint8)
    pixels[segments() == 3] = index // 60 % 256
    pixels[segments() == ANIMAL] = GREEN if label_of(index) == "cat" else BLUE
    if has_sticker(index):
        pixels[segments() == STICKER] = YELLOW
    return pixels


def model() -> lc.CallableClassifier:
    """The model: log-odds of a cat are 6 (G − B) of the animal + 8 ((R + G) / 2 − B) of the sticker, all in 0..1."""
    where = segments()

    def see(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        animal = images[:, where == ANIMAL].mean(axis=1) / 255
        sticker = images[:, where == STICKER].mean(axis=1) / 255
        log_odds = 6 * (animal[:, 1] - animal[:, 2]) + 8 * (sticker[:, :2].mean(axis=1) - sticker[:, 2])
        cat = 1 / (1 + np.exp(-log_odds))
        return np.stack([cat, 1 - cat], axis=1)

    return lc.CallableClassifier(see, (HEIGHT, WIDTH), CLASSES, id="known-audit")


def log_odds_of(index: int) -> float:
    """Log-odds of a cat."""
    return (ANIMAL_EFFECT if label_of(index) == "cat" else -ANIMAL_EFFECT) + STICKER_EFFECT * has_sticker(index)


def predicted_of(index: int) -> str:
    return "cat" if log_odds_of(index) > 0 else "dog"


def level_of(index: int) -> str:
    return ("solid", "usable", "doubtful", "solid", "usable", "solid", "meaningless")[index % 7]


def coefficients_of(index: int, class_name: str) -> NDArray[np.float64]:
    """What LIME finds, log-odds of the class, float64 (6,); small noise where the model does not look."""
    values = np.random.default_rng(index).normal(0, 0.02, SUPERPIXELS_EACH)
    values[ANIMAL] = ANIMAL_EFFECT if label_of(index) == "cat" else -ANIMAL_EFFECT
    values[STICKER] = STICKER_EFFECT * has_sticker(index)
    return values if class_name == "cat" else -values


def known_collection(root: Path, pictures: int = 20) -> Collection:
    """Write the pictures to a folder, and return it as a collection."""
    for index in range(pictures):
        file = root / path_of(index)
        file.parent.mkdir(parents=True, exist_ok=True)
        PillowImage.fromarray(pixels_of(index)).save(file)
    return open_collection(root)


def known_audit(root: Path, pictures: int = 20) -> AuditFolder:
    """Write the whole audit, and return its folder."""
    folder = AuditFolder(root)
    explanations, superpixels, members = [], [], []
    for index in range(pictures):
        explanations += _explanations(index)
        superpixels += _superpixels(index)
        members += _members(index)
    thumbnails = [_thumbnail(index) for index in range(pictures)]
    skipped = [{"picture": BROKEN, "reason": "It is not an image."}]
    rows = {
        EXPLANATIONS: explanations,
        SUPERPIXELS: superpixels,
        MEMBERS: members,
        THUMBNAILS: thumbnails,
        SKIPPED: skipped,
    }
    for kind, each in rows.items():
        folder.write_part(kind, "part-0", pa.Table.from_pylist(each, schema=SCHEMAS[kind]))
    folder.write_findings(known_findings(pictures))
    return folder


def _roles(index: int) -> list[tuple[str, str]]:
    predicted, label = predicted_of(index), label_of(index)
    return [(predicted, "predicted")] + ([(label, "true")] if label != predicted else [])


def _explanations(index: int) -> list[dict[str, object]]:
    cat = 1 / (1 + np.exp(-log_odds_of(index)))
    held_out = round(0.98 - 0.05 * (index % 7), 3)
    return [
        {
            "picture": path_of(index),
            "label": label_of(index),
            "class_index": CLASSES.index(name),
            "class_name": name,
            "role": role,
            "correct": predicted_of(index) == label_of(index),
            "probability": cat if name == "cat" else 1 - cat,
            "r2": held_out + 0.01,
            "r2_holdout": held_out,
            "intercept": 0.0,
            "level": level_of(index),
            "findings": [] if level_of(index) == "solid" else ["The linear model misses something."],
            "superpixels": SUPERPIXELS_EACH,
            "calls": 256,
            "seed": index,
            "height": HEIGHT,
            "width": WIDTH,
            "sha256": lc.Image(pixels_of(index)).sha256,
        }
        for name, role in _roles(index)
    ]


def _superpixels(index: int) -> list[dict[str, object]]:
    rows = []
    for name, _ in _roles(index):
        for superpixel, coefficient in enumerate(coefficients_of(index, name)):
            box = box_of(superpixel)
            rows.append(
                {
                    "picture": path_of(index),
                    "class_index": CLASSES.index(name),
                    "superpixel": superpixel,
                    "coefficient": coefficient,
                    "std_error": 0.1,
                    "top": box.top,
                    "left": box.left,
                    "bottom": box.bottom,
                    "right": box.right,
                    "area": SIDE * SIDE,
                    "features": _features(index, superpixel) if coefficient > 1 else None,
                }
            )
    return rows


def _features(index: int, superpixel: int) -> NDArray[np.float16]:
    """Mean colour of the superpixel in 0..1, which stands for what a network makes of it."""
    return (pixels_of(index)[segments() == superpixel].mean(axis=0) / 255).astype(np.float16)


def concept_of(index: int, superpixel: int) -> int:
    if superpixel == STICKER:
        return STICKER_CONCEPT
    return CAT_CONCEPT if label_of(index) == "cat" else DOG_CONCEPT


def _members(index: int) -> list[dict[str, object]]:
    return [
        {
            "picture": path_of(index),
            "class_index": CLASSES.index(name),
            "superpixel": superpixel,
            "concept": concept_of(index, superpixel),
        }
        for name, _ in _roles(index)
        for superpixel, coefficient in enumerate(coefficients_of(index, name))
        if coefficient > 1
    ]


def _thumbnail(index: int) -> dict[str, object]:
    jpeg, png = io.BytesIO(), io.BytesIO()
    PillowImage.fromarray(pixels_of(index)).save(jpeg, "JPEG", quality=85)
    PillowImage.fromarray(segments().astype(np.uint16)).save(png, "PNG")
    return {"picture": path_of(index), "thumbnail": jpeg.getvalue(), "segments": png.getvalue()}


def known_findings(pictures: int = 20) -> Findings:
    """What an audit of these pictures should find."""
    indices = range(pictures)
    concepts = (
        _concept(STICKER_CONCEPT, "cat", [i for i in indices if has_sticker(i)], pictures),
        _concept(CAT_CONCEPT, "cat", [i for i in indices if label_of(i) == "cat"], pictures),
        _concept(DOG_CONCEPT, "dog", [i for i in indices if label_of(i) == "dog"], pictures),
    )
    sticker = concepts[STICKER_CONCEPT]
    assert sticker.take_away is not None
    wrong = [i for i in indices if predicted_of(i) != label_of(i)]
    wrong_reason = [i for i in indices if has_sticker(i) and label_of(i) == "cat"]
    return Findings(
        complete=True,
        pictures=pictures,
        skipped=1,
        accuracy=1 - len(wrong) / pictures,
        representative=Representative(
            pictures=(path_of(0), path_of(3)),
            coverage=(0.7, 1.0),
            random_coverage=((0.5, 0.3, 0.7), (0.8, 0.5, 1.0)),
        ),
        concepts=concepts,
        shortcut_candidates=(
            ShortcutCandidate(
                class_name="cat",
                concept=STICKER_CONCEPT,
                pictures=tuple((patch.picture, patch.box) for patch in sticker.patches),
                effect=sticker.take_away.effect,
                interval=sticker.take_away.interval,
                p_adjusted=sticker.p_adjusted,
                reasons=sticker.suspicions,
            ),
        ),
        mistakes=Mistakes(
            confusions=(Confusion("dog", "cat", tuple(path_of(i) for i in wrong), ((STICKER_CONCEPT, 1.0),)),),
            meaningless=tuple(path_of(i) for i in indices if level_of(i) == "meaningless"),
            wrong_reason=tuple((path_of(i), STICKER_CONCEPT) for i in wrong_reason),
            flips=(
                *(Flip(path_of(i), (STICKER,), "cat", "dog") for i in wrong),
                *(Flip(path_of(i), (), "cat", "cat") for i in wrong_reason[:1]),
            ),
        ),
        notes=("1 picture could not be read.",),
    )


def _concept(number: int, class_name: str, indices: list[int], pictures: int) -> Concept:
    superpixel = STICKER if number == STICKER_CONCEPT else ANIMAL
    effect = STICKER_EFFECT if superpixel == STICKER else ANIMAL_EFFECT
    moved = Experiment(
        effect=effect / 20,
        interval=(effect / 20 - 0.08, effect / 20 + 0.08),
        concept_effect=effect / 20 + 0.01,
        random_effect=0.01,
        p=0.0004,
        pictures=len(indices),
        unit="probability",
    )
    return Concept(
        number=number,
        class_name=class_name,
        classes=((class_name, 1.0),),
        pictures=len(indices),
        share=len(indices) * effect / (pictures * (ANIMAL_EFFECT + STICKER_EFFECT)),
        centre=0.0,
        border=float(superpixel == ANIMAL),
        corner=float(superpixel == STICKER),
        patches=tuple(Patch(path_of(i), superpixel, box_of(superpixel), effect) for i in indices),
        take_away=moved,
        add=None if number == DOG_CONCEPT else moved,
        p_adjusted=0.0012 if number != DOG_CONCEPT else float("nan"),
        proven=number != DOG_CONCEPT,
        suspicions=("All of it lies in the corner.", "It is in half of the class.") if superpixel == STICKER else (),
    )
