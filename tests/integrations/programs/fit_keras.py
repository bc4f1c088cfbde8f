"""A small network trained by Keras and recorded: `python fit_keras.py all|crash|evaluate`."""

import sys

import keras
import numpy as np
from asking import ask_to_stop, tell

import glia
from glia.integrations.keras import GliaCallback

numbers = np.random.default_rng(0)
x = numbers.normal(size=(64, 4)).astype("float32")
y = (x.sum(1) > 0).astype("int64")
fit = {"batch_size": 16, "verbose": 0, "validation_data": (x[:16], y[:16])}  # four batches an epoch


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class At(keras.callbacks.Callback):
    """Does something at one batch of the first epoch."""

    def __init__(self, batch, act):
        super().__init__()
        self._batch, self._act = batch, act

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self._batch:
            self._act()


def everything() -> None:
    model = network()
    callback = GliaCallback(project="keras", params={"batch_size": 16}, every=2)
    history = model.fit(x, y, epochs=3, callbacks=[callback], **fit).history
    found = model.evaluate(x, y, verbose=0, return_dict=True, callbacks=[callback])
    again = model.fit(x, y, epochs=1, callbacks=[callback], **fit).history

    with glia.start(name="joined") as run:
        first = network().fit(x, y, epochs=1, callbacks=[GliaCallback()], **fit).history
        assert run.state == "running"

    callback = GliaCallback(name="stopped", every=1)
    stop = At(1, lambda: ask_to_stop(callback.run))
    network().fit(x, y, epochs=50, callbacks=[stop, callback], **fit)

    executions = 1 if keras.backend.backend() == "torch" else 3  # torch takes no other
    fast = keras.Sequential([keras.layers.Dense(2, "softmax")])  # built by its first batch
    fast.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=executions)
    fast.fit(x, y, epochs=2, callbacks=[GliaCallback(name="executions", every=1)], **fit)
    tell(history=history, found=found, again=again, joined=first, version=keras.__version__)


def crash() -> None:
    def burst() -> None:
        raise ArithmeticError("the third batch burst")

    network().fit(x, y, epochs=1, callbacks=[GliaCallback(every=1), At(2, burst)], **fit)


def evaluate() -> None:
    callback = GliaCallback()
    tell(found=network().evaluate(x, y, verbose=0, return_dict=True, callbacks=[callback]))


{"all": everything, "crash": crash, "evaluate": evaluate}[sys.argv[1]]()
