"""LIME explanations of image classifiers.

`query` asks the model (slow), `fit` turns its answers into an explanation (milliseconds), `explain` is the two
together. Importing this package imports neither TensorFlow nor any user interface.
"""

from lime_core.answers.neighborhood import Neighborhood, Progress, query, stream
from lime_core.answers.scene import Probe, Scene, frame, prepare
from lime_core.errors import ImageError, LimeError, ModelError, SpecError, WeightsError
from lime_core.explanation.comparison import Comparison, compare
from lime_core.explanation.explanation import ClassExplanation, Contrast, Explanation
from lime_core.methods.lime.fit import fit
from lime_core.models import CallableClassifier, Classifier, KerasClassifier, load_classifier
from lime_core.picture.image import Image, load_image
from lime_core.settings.presets import PRESETS, preset
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels.segmentation import Felzenszwalb, Grid, LabelMap, Quickshift, Slic, Watershed

__version__ = "0.2.0"

__all__ = [
    "PRESETS",
    "CallableClassifier",
    "ClassExplanation",
    "Classifier",
    "Comparison",
    "Contrast",
    "ExplainSpec",
    "Explanation",
    "Felzenszwalb",
    "Grid",
    "Image",
    "ImageError",
    "KerasClassifier",
    "LabelMap",
    "LimeError",
    "ModelError",
    "Neighborhood",
    "Probe",
    "Progress",
    "Quickshift",
    "Scene",
    "Slic",
    "SpecError",
    "Watershed",
    "WeightsError",
    "compare",
    "explain",
    "fit",
    "frame",
    "load_classifier",
    "load_image",
    "prepare",
    "preset",
    "query",
    "stream",
]


def explain(
    image: Image, classifier: Classifier, spec: ExplainSpec | None = None, *, on_progress: Progress | None = None
) -> Explanation:
    """Explain a picture: `query`, then `fit`.

    Parameters
    ----------
    image : Image
        The picture.
    classifier : Classifier
        From `load_classifier`, or any callable in a `CallableClassifier`.
    spec : ExplainSpec, optional
        Settings; without them the project's defaults.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch; when it raises, the work stops there.

    Returns
    -------
    explanation : Explanation

    Raises
    ------
    LimeError
        See `query` and `fit`.
    """
    spec = spec or ExplainSpec()
    return fit(query(image, classifier, spec, on_progress=on_progress), spec)
