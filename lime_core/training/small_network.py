"""A small convolutional network trained from nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax

from lime_core.models.engines.keras_import import import_keras, import_tensorflow
from lime_core.training.linear_head import fit_temperature
from lime_core.training.samples import held_out_split
from lime_core.training.ways import Fitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_SIDE = 128
_CHANNELS = (24, 48, 96, 128)
_BATCH = 16
_EPOCHS = 60  # at most; more where a few pictures make few steps of them
_STEPS = 360  # that a training may take at least: with 120, one seed in three was left with 83 % where others had 100 %
_PATIENCE = 0.2  # share of the epochs without a better validation loss, after which training ends
_RATE = 2e-3
_VALIDATION = 0.15  # of the pictures to train on: for early stopping and the temperature


class SmallNetwork:
    """Train four convolutional layers and a linear one, on pictures that are mirrored, turned, zoomed and shifted."""

    name = "from scratch"
    input_size = (_SIDE, _SIDE)

    def values(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the pictures themselves."""
        return pictures

    def fit(
        self,
        values: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: int,
        seed: int,
        on_progress: Callable[[int, int], object],
    ) -> Fitted:
        """Train until the loss on a part of the pictures gets no better, and go back to where it was best."""
        keras = import_keras()
        inside, outside = held_out_split(labels, _VALIDATION, seed)
        logits = _network(keras, classes, seed)
        trained = keras.Sequential([keras.Input((*self.input_size, 3)), *_augmentation(keras, seed), logits])
        trained.compile(
            optimizer=keras.optimizers.Adam(_RATE),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        batch = min(_BATCH, len(inside))
        data = import_tensorflow().data.Dataset.from_tensor_slices((values[inside], labels[inside]))
        # Whole batches only, so that the normalization never sees a batch of one picture.
        data = data.shuffle(len(inside), seed=seed).batch(batch, drop_remainder=True)
        epochs = max(_EPOCHS, math.ceil(_STEPS / (len(inside) // batch)))
        patience = int(_PATIENCE * epochs)
        history = trained.fit(
            data,
            validation_data=(values[outside].astype(np.float32), labels[outside]),
            epochs=epochs,
            shuffle=False,  # the data set does it
            verbose=0,
            callbacks=[
                keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True),
                keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=patience // 2),
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: on_progress(epoch + 1, epochs)),
            ],
        )
        temperature = fit_temperature(_outputs(logits, values[outside]), labels[outside])
        last = logits.layers[-1]
        last.set_weights([each / temperature for each in last.get_weights()])
        model = keras.Model(logits.input, keras.layers.Softmax(name="probabilities")(logits.output), name="trained")
        losses = history.history["val_loss"]
        settings = {"epochs": len(losses), "best_epoch": int(np.argmin(losses)) + 1, "temperature": temperature}
        return Fitted(model, lambda pictures: np.asarray(softmax(_outputs(logits, pictures), axis=1)), settings)


def _network(keras: Any, classes: int, seed: int) -> Any:
    """Return the untrained network, pixels 0..255 in and logits out; the same for a seed."""
    layers = keras.layers
    inputs = keras.Input((_SIDE, _SIDE, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    for number, channels in enumerate(_CHANNELS):
        start = keras.initializers.HeNormal(seed=seed + number)
        x = layers.Conv2D(channels, 3, strides=2 if number == 0 else 1, padding="same", use_bias=False,
                          kernel_initializer=start, name=f"convolution_{number + 1}")(x)  # fmt: skip
        # Their own default, 0.99, takes more steps than a small set of pictures has.
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU(name=f"convolution_{number + 1}_relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2, seed=seed)(x)
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.Model(inputs, layers.Dense(classes, kernel_initializer=start, name="classes")(x))


def _augmentation(keras: Any, seed: int) -> list[Any]:
    layers = keras.layers
    return [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomRotation(0.03, seed=seed + 1),
        layers.RandomZoom(0.1, seed=seed + 2),
        layers.RandomTranslation(0.08, 0.08, seed=seed + 3),
    ]


def _outputs(network: Any, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    parts = [
        network(pictures[start : start + 64].astype(np.float32), training=False)
        for start in range(0, len(pictures), 64)
    ]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])
