import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import tracemalloc
import warnings

import numpy as np
import pytest

from hpo_helpers import optimizers, training
from hpo_helpers.data import Split, load_fashion_mnist
from hpo_helpers.objectives import hpo_objective_softmax_classification
from hpo_helpers.training import Training, accuracy, epoch_ends, train_trials


def problem(n=40, inputs=12, classes=5):
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=n)
    images = rng.random((n, inputs)) + 0.8 * np.eye(classes, inputs)[labels]
    return Split(images.astype(np.float32), labels)


PART = problem()
SMALL = Training(
    PART, (PART, PART), range(1, 50, 4), hidden=(8, 7), classes=5, batch_size=10, updates=50
)
CONFIGS = [
    {"learning_rate": rate, "weight_decay": decay, "momentum": momentum}
    for rate, decay, momentum in [(0.1, 0, 0), (0.03, 1e-2, 0.5), (0.3, 1e-4, 0), (0.05, 0, 0.9)]
]


def changed(**settings):
    return Training(**{**vars(SMALL), **settings})


@pytest.mark.parametrize("independent", [False, True])
def test_stack_gives_what_separate_runs_give(independent):
    shared = changed(independent_batches=independent)
    together = train_trials(shared, CONFIGS, stack=4, progress=False)
    for number, config in enumerate(CONFIGS):
        alone = train_trials(shared, [config], [number], progress=False)
        assert np.allclose(alone[0], together[number], atol=1 / 40 + 1e-6)
    assert len({curve.tobytes() for curve in together}) == 4


@pytest.mark.parametrize("count", [25, 90])
def test_few_images_and_many_are_trained_alike(count, monkeypatch):
    few = problem(count, inputs=60)
    held_out = problem(20, inputs=60)
    shared = changed(train=few, measured=(few, held_out), hidden=(8,))
    used = []
    dual = training.DualNetworks
    monkeypatch.setattr(
        training, "DualNetworks", lambda *args, **kw: (used.append(args), dual(*args, **kw))[1]
    )
    curves = train_trials(shared, CONFIGS[:1], progress=False)
    assert bool(used) == (count == 25)
    if used:
        assert len(used[0][0]) == 45
    networks = training.Networks((60, 8, 5), [0.1], [0], [(0, 0, training._WEIGHTS)])
    expected = []
    for update, batch in enumerate(shared.batches([0]), start=1):
        networks.step(few.images[batch], few.labels[batch])
        if update in shared.evaluate_after:
            expected.append([accuracy(networks, *part)[0] for part in shared.measured])
    assert np.allclose(curves[0].T, expected, atol=1 / 20 + 1e-6)


def test_stack_and_processes_change_nothing():
    configs = CONFIGS * 3
    reference = train_trials(SMALL, configs, stack=1, processes=1, progress=False)
    for stack, processes in [(5, 1), (12, 1), (5, 2), (1, 2), (None, None)]:
        curves = train_trials(SMALL, configs, stack=stack, processes=processes, progress=False)
        assert np.allclose(curves, reference, atol=1 / 40 + 1e-6)


def test_seed_and_number_decide_a_trial():
    configs = [CONFIGS[0]] * 3
    curves = train_trials(SMALL, configs, [4, 5, 4], progress=False)
    assert np.array_equal(curves[0], curves[2])
    assert not np.array_equal(curves[0], curves[1])
    other = train_trials(changed(seed=1), configs[:1], [4], progress=False)
    assert not np.array_equal(curves[0], other[0])


def test_batches_and_weights_can_be_varied_apart():
    def drawn(**settings):
        return np.concatenate([*changed(**settings).batches([4])])

    def curve(number, **settings):
        return train_trials(changed(**settings), CONFIGS[:1], [number], progress=False)

    assert np.array_equal(drawn(seed=1, batch_seed=0), drawn(seed=0))
    assert not np.array_equal(drawn(batch_seed=1), drawn(batch_seed=2))
    assert np.array_equal(curve(4, batch_seed=0), curve(4))
    assert not np.array_equal(curve(4, batch_seed=1), curve(4))
    assert not np.array_equal(curve(5, batch_seed=1), curve(4, batch_seed=1))


def test_batches_are_common_unless_asked_otherwise():
    assert next(SMALL.batches([0, 1, 2])).shape == (10,)
    drawn = next(changed(independent_batches=True).batches([0, 1, 2]))
    assert drawn.shape == (3, 10)
    assert not np.array_equal(drawn[0], drawn[1])


def test_an_epoch_passes_over_every_image_once_even_if_sizes_do_not_divide():
    uneven = Training(
        problem(37), (PART,), epoch_ends(problem(37), 10, 2), batch_size=10, classes=5
    )
    batches = list(uneven.batches([0]))
    assert [len(batch) for batch in batches] == [10, 10, 10, 7] * 2
    first, second = (np.concatenate(batches[i : i + 4]) for i in (0, 4))
    assert sorted(first) == sorted(second) == list(range(37))
    assert not np.array_equal(first, second)


def test_batches_are_drawn_with_replacement_when_asked():
    drawn = list(changed(replacement=True, batch_size=100).batches([0]))
    assert len(drawn) == 50
    assert all(len(batch) == 100 and len(set(batch)) < 40 for batch in drawn)


def test_evaluations_come_after_updates_1_5_9_to_197(monkeypatch):
    seen = []

    class Watched(training.Networks):
        def step(self, *batch):
            seen.append("step")
            super().step(*batch)

    monkeypatch.setattr(training, "Networks", Watched)
    measure = training.accuracy
    monkeypatch.setattr(
        training, "accuracy", lambda *args: (seen.append("evaluation"), measure(*args))[1]
    )
    documented = changed(evaluate_after=range(1, 198, 4), updates=200, measured=(PART,))
    curves = train_trials(documented, CONFIGS[:1], progress=False)
    assert curves.shape == (1, 1, 50)
    after = [seen[:i].count("step") for i, what in enumerate(seen) if what == "evaluation"]
    assert after == list(range(1, 198, 4))
    assert seen.count("step") == 200


def test_evaluation_in_blocks_counts_every_image(monkeypatch):
    networks = training.Networks((12, 8, 5), [0.1], [0], [0])
    whole = accuracy(networks, *PART)
    monkeypatch.setattr(training, "_BLOCK", 7)
    assert accuracy(networks, *PART) == whole
    assert whole * 40 == np.round(whole * 40)


def test_diverging_trial_is_marked_and_its_neighbours_are_untouched():
    expected = train_trials(SMALL, CONFIGS[:1], progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wild = [CONFIGS[0], {"learning_rate": 1e30}, {"learning_rate": 1e3}]
        curves = train_trials(SMALL, wild, stack=3, progress=False)
    assert np.allclose(curves[0], expected[0], atol=1 / 40 + 1e-6)
    failed = np.isnan(curves[1, 1])
    first = np.flatnonzero(failed)[0]
    assert failed[first:].all()
    assert np.isfinite(curves[1, 1, :first]).all()


def test_many_trials_need_no_more_memory_than_few():
    def peak(trials):
        tracemalloc.start()
        train_trials(SMALL, CONFIGS[:1] * trials, stack=5, processes=1, progress=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    # A hundred networks side by side would need four times as much.
    assert peak(100) < 2 * peak(10)


def test_interrupt_returns_what_is_finished(monkeypatch):
    in_stacks = training._train_in_stacks

    def stopping(*args):
        for number, curves in enumerate(in_stacks(*args)):
            if number == 2:
                raise KeyboardInterrupt
            yield curves

    monkeypatch.setattr(training, "_train_in_stacks", stopping)
    with pytest.warns(UserWarning, match="stopped by hand after 2 of 4 trials"):
        curves = train_trials(SMALL, CONFIGS, stack=1, processes=1, progress=False)
    monkeypatch.undo()
    assert np.array_equal(curves, train_trials(SMALL, CONFIGS[:2], stack=1, progress=False))


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise there")
@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_ends_a_real_search_at_once(processes):
    # What runs in the background of a shell inherits that Ctrl-C is ignored.
    script = textwrap.dedent(f"""
        import signal
        import numpy as np
        from hpo_helpers.data import Split
        from hpo_helpers.training import Training, train_trials
        part = Split(np.zeros((400, 784), np.float32), np.zeros(400, int))
        shared = Training(part, (part,), [300], hidden=[100] * 4)
        configs = [{{"learning_rate": 1e-3}}] * 3000
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("begun", flush=True)
        curves = train_trials(shared, configs, stack=1, processes={processes})
        print("finished", len(curves), flush=True)
    """)
    search = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert search.stdout.readline() == "begun\n"
    shown = ""
    while not re.search(r"\b[1-9]\d*/3000", shown):
        shown += search.stderr.read(1)
        assert search.poll() is None
    os.killpg(search.pid, signal.SIGINT)
    output, errors = search.communicate(timeout=60)
    word, count = output.split()
    assert word == "finished"
    assert 0 < int(count) < 3000
    assert "stopped by hand" in errors


@pytest.mark.parametrize("config", [{"weight_decay": 0.1}, {"learning_rate": 0.1, "dropout": 0}])
def test_unknown_or_missing_hyperparameters_are_refused(config):
    with pytest.raises(ValueError, match="expected 'learning_rate' and no other than"):
        train_trials(SMALL, [CONFIGS[0], config], progress=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", -0.1), ("learning_rate", np.nan), ("momentum", 1), ("weight_decay", -1)],
)
def test_values_outside_their_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}; expected a number from 0"):
        train_trials(SMALL, [{**CONFIGS[0], name: value}], progress=False)


@pytest.mark.parametrize(
    ("optimizer", "name", "known"), [("sgd", "beta1", "momentum"), ("adam", "momentum", "beta1")]
)
def test_hyperparameters_of_another_optimizer_are_refused(optimizer, name, known):
    config = {"learning_rate": 0.1, name: 0.5}
    with pytest.raises(ValueError, match=f"names .*{name}.*no other than .*{known}"):
        train_trials(changed(optimizer=optimizer), [config], progress=False)


@pytest.mark.parametrize("count", [11, 40])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_schedule_and_optimizer_reach_every_step(optimizer, count):
    few = problem(count)
    shared = changed(train=few, measured=(few,), optimizer=optimizer, schedule="linear", warmup=10)
    config = {"learning_rate": 0.05, "weight_decay": 0.1}
    curves = train_trials(shared, [config], progress=False)
    options = {} if optimizer == "sgd" else {"betas": [(0.9, 0.999)]}
    networks = training.Networks(
        shared.sizes,
        [0.05],
        [0.1],
        [(0, 0, training._WEIGHTS)],
        decoupled=optimizer == "adamw",
        **options,
    )
    expected = []
    for update, batch in enumerate(shared.batches([0])):
        factor = update / 10 if update < 10 else (50 - update) / 40
        networks.step(few.images[batch], few.labels[batch], factor)
        if update + 1 in shared.evaluate_after:
            expected.append(accuracy(networks, *few)[0])
    assert len(set(expected)) > 2
    assert np.allclose(curves[0, 0], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["stack", "processes"])
def test_less_than_one_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} is 0; expected at least 1"):
        train_trials(SMALL, CONFIGS, progress=False, **{name: 0})


def test_networks_can_be_stored_and_go_on():
    networks = training.Networks((12, 8, 5), [0.1], [0], [0], momentums=[0.9])
    copy = pickle.loads(pickle.dumps(networks))
    for each in (networks, copy):
        each.step(*PART)
        each.step(*PART)
    assert np.array_equal(networks.weights[0], copy.weights[0])


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 0},
        {"evaluate_after": []},
        {"evaluate_after": [0]},
        {"updates": 3},
        {"optimizer": "momentum"},
        {"schedule": "step"},
        {"warmup": -1},
        {"warmup": 50},
    ],
)
def test_impossible_training_is_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        changed(**settings)


def test_no_configuration_gives_no_curve():
    assert train_trials(SMALL, [], progress=False).shape == (0, 2, 13)


def test_keras_and_the_engine_agree_within_noise():
    splits = load_fashion_mnist()
    seeds = 10
    shared = Training(
        splits.train,
        (splits.validation,),
        epoch_ends(splits.train, 16, 3),
        batch_size=16,
        independent_batches=True,
    )
    rates = [{"learning_rate": 0.03}] * seeds
    ours = 1 - train_trials(shared, rates, progress=False)[:, 0, -1]
    keras = [
        hpo_objective_softmax_classification({"learning_rate": 0.03}, 3, seed=seed)
        for seed in range(seeds)
    ]
    noise = np.sqrt((np.var(ours, ddof=1) + np.var(keras, ddof=1)) / seeds)
    assert abs(np.mean(ours) - np.mean(keras)) < 4 * noise


def keras_rates(keras, schedule, rate, updates, warmup):
    """The learning rate of Keras at each of its iterations."""
    schedules = keras.optimizers.schedules
    after = {
        "constant": lambda step: rate,
        "linear": schedules.PolynomialDecay(rate, updates - warmup, end_learning_rate=0),
        "cosine": schedules.CosineDecay(rate, updates - warmup),
    }[schedule]

    class Warm(schedules.LearningRateSchedule):
        def __call__(self, step):
            done = float(step)
            return rate * done / warmup if done < warmup else after(done - warmup)

    # Keras knows a warm-up of the cosine by itself.
    if schedule == "cosine" and warmup:
        return schedules.CosineDecay(0.0, updates - warmup, warmup_target=rate, warmup_steps=warmup)
    return Warm()


@pytest.mark.parametrize(
    ("schedule", "warmup"), [("constant", 0), ("linear", 0), ("linear", 4), ("cosine", 4)]
)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_keras_takes_the_same_steps(optimizer, schedule, warmup, monkeypatch):
    # Here, so that one process starts TensorFlow, and once.
    import keras
    import tensorflow as tf

    # Keras adds it before the bias is corrected; too small to matter, it tells no difference.
    monkeypatch.setattr(optimizers, "_EPSILON", 1e-16)
    rate, decay, updates = 0.02, 0.1, 12
    shared = changed(updates=updates, evaluate_after=[updates], schedule=schedule, warmup=warmup)
    rates = keras_rates(keras, schedule, rate, updates, warmup)
    options, theirs = {
        "sgd": ({}, keras.optimizers.SGD(rates)),
        "momentum": ({"momentums": [0.9]}, keras.optimizers.SGD(rates, momentum=0.9)),
        "adam": ({"betas": [(0.8, 0.99)]}, keras.optimizers.Adam(rates, 0.8, 0.99, 1e-16)),
        "adamw": (
            {"betas": [(0.8, 0.99)], "decoupled": True},
            keras.optimizers.AdamW(rates, decay, 0.8, 0.99, 1e-16),
        ),
    }[optimizer]
    networks = training.Networks(shared.sizes, [rate], [decay], [0], dtype=np.float64, **options)
    # The slope of half the squared weight is the weight.
    penalty = None if optimizer == "adamw" else keras.regularizers.L2(decay / 2)
    layers = [
        keras.layers.Dense(units, activation, dtype="float64", kernel_regularizer=penalty)
        for units, activation in [(8, "relu"), (7, "relu"), (5, None)]
    ]
    model = keras.Sequential([keras.Input((12,), dtype="float64"), *layers])
    for layer, weights in zip(layers, networks.weights, strict=True):
        layer.set_weights([weights[:, 0], np.zeros(weights.shape[2])])
    if optimizer == "adamw":
        theirs.exclude_from_weight_decay(var_names=["bias"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    images = PART.images.astype(np.float64)
    for batch, factor in zip(shared.batches([0]), shared.factors, strict=True):
        networks.step(images[batch], PART.labels[batch], factor)
        with tf.GradientTape() as tape:
            value = loss(PART.labels[batch], model(images[batch])) + sum(model.losses)
        variables = model.trainable_variables
        theirs.apply(tape.gradient(value, variables), variables)
    ours = [array for pair in zip(networks.weights, networks.biases, strict=True) for array in pair]
    for array, variable in zip(ours, model.trainable_variables, strict=True):
        assert np.allclose(array.squeeze(), variable.numpy(), rtol=1e-5, atol=1e-6)
    assert not np.allclose(model.trainable_variables[1].numpy(), 0, atol=1e-3)
