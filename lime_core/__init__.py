"""LIME explanations of image classifiers.

`query` asks the model (slow), `fit` turns its answers into an explanation (milliseconds), `explain` is the two
together; `attribute` does the same with any method. Importing this package imports neither TensorFlow nor any user
interface.
"""

from lime_core import surrogates
from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress, query, stream
from lime_core.answers.scene import Scene, frame, prepare
from lime_core.audits import ModelSource, audit
from lime_core.audits.difference.comparing import diff
from lime_core.audits.difference.difference import AuditDifference
from lime_core.errors import ImageError, LimeError, ModelError, SpecError, WeightsError
from lime_core.explaining import attribute, explain, fit
from lime_core.explanation.anchors import AnchorAttribution, ClassAnchor
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.comparison import Comparison, compare
from lime_core.explanation.explanation import ClassExplanation, Contrast, Explanation
from lime_core.explanation.top_k import TopK
from lime_core.explanation.verdict import Verdict
from lime_core.judge import judge
from lime_core.masks import fills, kernels, samplers
from lime_core.methods import METHODS, GradCam, GradCamPlusPlus, IntegratedGradients, SmoothGrad
from lime_core.models import CallableClassifier, Classifier, KerasClassifier, load_classifier
from lime_core.models.differentiable import DifferentiableClassifier, FeatureLayer, feature_layers
from lime_core.picture.image import Image, load_image
from lime_core.settings.presets import PRESETS, preset
from lime_core.settings.spec import ExplainSpec
from lime_core.settings.view import View
from lime_core.superpixels import Felzenszwalb, Grid, LabelMap, Quickshift, Slic, Watershed
from lime_core.surrogates import selection as selections
from lime_core.surrogates import targets
from lime_core.training import Training, train
from lime_core.trials.method_comparison import MethodComparison
from lime_core.trials.yardstick import compare_methods, stream_methods

__version__ = "0.2.0"

__all__ = [
    "METHODS",
    "PRESETS",
    "AnchorAttribution",
    "Attribution",
    "AuditDifference",
    "CallableClassifier",
    "ClassAnchor",
    "ClassAttribution",
    "ClassExplanation",
    "Classifier",
    "Comparison",
    "Contrast",
    "DifferentiableClassifier",
    "ExplainSpec",
    "Explanation",
    "FeatureLayer",
    "Felzenszwalb",
    "GradCam",
    "GradCamPlusPlus",
    "Grid",
    "Image",
    "ImageError",
    "IntegratedGradients",
    "KerasClassifier",
    "LabelMap",
    "LimeError",
    "MethodComparison",
    "ModelError",
    "ModelSource",
    "Neighborhood",
    "Probe",
    "Progress",
    "Quickshift",
    "Scene",
    "Slic",
    "SmoothGrad",
    "SpecError",
    "TopK",
    "Training",
    "Verdict",
    "View",
    "Watershed",
    "WeightsError",
    "attribute",
    "audit",
    "compare",
    "compare_methods",
    "diff",
    "explain",
    "feature_layers",
    "fills",
    "fit",
    "frame",
    "judge",
    "kernels",
    "load_classifier",
    "load_image",
    "prepare",
    "preset",
    "query",
    "samplers",
    "selections",
    "stream",
    "stream_methods",
    "surrogates",
    "targets",
    "train",
]
