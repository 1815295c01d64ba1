"""Image classifiers: a catalog of ImageNet networks, a user's own Keras model, or any callable.

Importing this package imports neither TensorFlow nor Keras; building a network does.
"""

from lime_core.models.catalog import CATALOG, DEFAULT_MODEL, ModelCard, model_card
from lime_core.models.class_names import imagenet_class_names
from lime_core.models.engines.openvino_runtime import bf16_available, openvino_available
from lime_core.models.files.weights import fetch, is_available, keep_weights, weights_path, weights_state
from lime_core.models.labels import read_labels
from lime_core.models.loading import load_classifier
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.keras_classifier import KerasClassifier
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.networks.preprocessing_choice import PreprocessingComparison, compare_preprocessings
from lime_core.models.protocol import CallableClassifier, Classifier, MaskedClassifier

__all__ = [
    "CATALOG",
    "DEFAULT_MODEL",
    "CallableClassifier",
    "Classifier",
    "KerasClassifier",
    "MaskedClassifier",
    "ModelCard",
    "NetworkClassifier",
    "Preprocessing",
    "PreprocessingComparison",
    "bf16_available",
    "compare_preprocessings",
    "fetch",
    "imagenet_class_names",
    "is_available",
    "keep_weights",
    "load_classifier",
    "model_card",
    "openvino_available",
    "read_labels",
    "weights_path",
    "weights_state",
]
