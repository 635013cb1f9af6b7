"""The models of the explorers: JavaScript against the Python that does the same."""

import inspect
import itertools
import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from hpo_helpers import explorers
from hpo_helpers.explorers import (
    BayesianSteps,
    CoarseToFineRounds,
    FivePicks,
    GridOrRandom,
    Halving,
    Ladder,
    LearningRateRange,
    PriceOfTime,
    SeedLottery,
    TrainAgain,
    ValidationNoise,
    WorkersClock,
)
from hpo_helpers.explorers.explorer import draws
from hpo_helpers.explorers.five_picks import played
from hpo_helpers.explorers.modules import FOLDER, modules
from hpo_helpers.recordings import MLP_SPACE, RecordedTrials, load_recording
from hpo_helpers.schedulers import SuccessiveHalving
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.tuner import tune

SEEDS = [0, 1, 7, 2**32 - 1]
MODEL = """
(given) => {
  const binary = (value) => new DataView(Uint8Array.from(value.bytes).buffer);
  const plain = (value) => (value?.bytes ? binary(value) : value);
  const model = { get: (name) => plain(given.traits[name]) };
  return given.states.map((state) => (CALL)(model, state));
}
"""


def in_node(explorer, call, given, folder):
    """Run it on the files as they are, each importing the others."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; the browser runs the same cases")
    files = modules(f"{type(explorer).__module__.rpartition('.')[2]}.js")
    parts = ", ".join(f"...await import({json.dumps((FOLDER / name).as_uri())})" for name in files)
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (folder / "run.mjs").write_text(
        'import { readFileSync } from "fs";'
        f"const explorer = {{ {parts} }};"
        f"const run = {MODEL.replace('CALL', call)};"
        'console.log(JSON.stringify(run(JSON.parse(readFileSync("given.json")))));',
        encoding="utf-8",
    )
    done = subprocess.run(
        [node, "run.mjs"], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


def in_browser(explorer, call, given, browser):
    """Run it on the text that the files are joined to."""
    page = browser.new_page()
    esm, given = json.dumps(explorer._esm), json.dumps(given)
    page.add_init_script(f"window.esm = {esm}; window.given = {given};")
    page.goto("data:text/html,<p>nothing</p>")
    found = page.evaluate(
        "async () => { const explorer = await import(URL.createObjectURL(new Blob([window.esm],"
        f" {{ type: 'text/javascript' }})));"
        f" return ({MODEL.replace('CALL', call)})(window.given); }}"
    )
    page.close()
    return found


@pytest.fixture(params=["node", "browser"])
def in_javascript(request, tmp_path):
    """Run the model of an explorer in JavaScript, for some of its states."""

    def run(explorer, call, states):
        traits = {
            name: {"bytes": list(value)} if isinstance(value, bytes) else value
            for name in explorer.trait_names(sync=True)
            if not name.startswith("_") and not hasattr(value := getattr(explorer, name), "comm")
        }
        given = {"traits": traits, "states": states}
        if request.param == "node":
            return in_node(explorer, call, given, tmp_path)
        return in_browser(explorer, call, given, request.getfixturevalue("browser"))

    return run


def states_of(explorer, **choices):
    """All combinations of the choices, each with the other settings as they stand."""
    rest = {name: getattr(explorer, name) for name in explorer.settings}
    return [
        {**rest, **dict(zip(choices, values, strict=True))}
        for values in itertools.product(*choices.values())
    ]


def test_learning_rate_range(in_javascript):
    states = states_of(
        LearningRateRange(trials=50, learning_rate_range=(1e-5, 3.0)),
        scale=["log", "linear"],
        seed=SEEDS,
        epochs=[1, 16],
        batch_size=[8, 256],
    )
    call = "(model, state) => explorer.search(explorer.recordedOf(model), state)"
    for state, found in zip(states, in_javascript(LearningRateRange(), call, states), strict=True):
        twin = LearningRateRange(**state)
        rates, errors = twin.drawn()
        assert np.allclose([trial["rate"] for trial in found["trials"]], rates, rtol=1e-9)
        assert np.allclose([trial["error"] for trial in found["trials"]], errors)
        assert np.allclose(found["incumbent"], np.minimum.accumulate(errors))
        limit = np.sort(twin.response())[6]
        assert np.allclose(found["errors"], twin.response())
        assert found["isGood"] == twin.good().tolist() == (twin.response() <= limit).tolist()
        assert found["hits"] == int((errors <= limit).sum())
        assert np.isclose(found["chance"], 1 - (1 - found["one"]) ** 50)


def test_chance_of_one_draw_is_the_share_of_many(in_javascript):
    call = "(model, state) => explorer.search(explorer.recordedOf(model), state)"
    for scale in ["log", "linear"]:
        states = states_of(
            LearningRateRange(trials=100, learning_rate_range=(1e-3, 1.0), scale=scale),
            seed=list(range(100)),
        )
        found = in_javascript(LearningRateRange(), call, states)
        share = np.mean([search["hits"] / 100 for search in found])
        assert np.isclose(share, found[0]["one"], atol=0.012)


def test_grid_or_random(in_javascript):
    states = states_of(
        GridOrRandom(),
        trials_per_axis=[2, 5],
        surface=["one axis matters", "both axes matter"],
        seed=SEEDS[:2],
    )
    call = """(model, { surface, trials_per_axis, seed }) => ({
      ...explorer.designs(trials_per_axis, seed),
      found: explorer.found(explorer.surfacesOf(model)[surface], trials_per_axis,
        model.get("searches")) })"""
    for state, found in zip(states, in_javascript(GridOrRandom(), call, states), strict=True):
        twin = GridOrRandom(**state)
        for name, points in zip(["grid", "random"], twin.designs(), strict=True):
            assert np.allclose(found[name], points)
        assert np.allclose([found["found"]["grid"], found["found"]["random"]], twin.found())


def test_coarse_to_fine(in_javascript):
    states = states_of(
        CoarseToFineRounds(),
        rounds=[1, 5],
        shrink=[0.1, 0.7],
        trials=[2, 9],
        surface=["one axis matters", "both axes matter"],
    )
    call = """(model, state) => {
      const surface = explorer.surfacesOf(model)[state.surface];
      return {
      ...explorer.search(surface, state, state.seed),
      random: explorer.random(surface, state, state.seed),
      found: explorer.found(surface, state, model.get("searches")) }; }"""
    for state, found in zip(states, in_javascript(CoarseToFineRounds(), call, states), strict=True):
        twin = CoarseToFineRounds(**state)
        points, boxes = twin.search()
        assert np.allclose([trial["point"] for trial in found["trials"]], points)
        assert np.allclose([trial["error"] for trial in found["trials"]], twin.look_up(points))
        assert np.allclose([box["low"] for box in found["boxes"]], [low for low, _ in boxes])
        assert np.allclose([box["side"] for box in found["boxes"]], [side for _, side in boxes])
        drawn = [trial["point"] for trial in found["random"]["trials"]]
        assert np.allclose(drawn, twin.random())
        assert np.allclose([found["found"]["fine"], found["found"]["random"]], twin.found())


def test_validation_noise(in_javascript):
    states = states_of(ValidationNoise(), trials=[2, 30], seed=SEEDS)
    call = """(model, { trials, seed }) => { const recorded = explorer.recordedOf(model); return {
      ...explorer.search(recorded, trials, seed),
      found: explorer.found(recorded, trials) }; }"""
    for state, found in zip(states, in_javascript(ValidationNoise(), call, states), strict=True):
        twin = ValidationNoise(**state)
        for size, seen, over_seeds in zip(twin.sizes, found["bySize"], found["found"], strict=True):
            search = twin.search(size=size)
            assert np.allclose(found["rates"], search.rates)
            assert np.allclose(found["true"], search.true)
            assert np.allclose(seen["measured"], search.measured)
            assert seen["winner"] == search.winner
            if state["seed"] == 0:
                expected = twin.found(size)
                assert np.allclose([over_seeds["picked"], over_seeds["optimism"]], expected)


def test_bayesian_steps_agree_with_scikit_learn(in_javascript):
    states = states_of(
        BayesianSteps(trials=8),
        length_scale=[0.05, 0.3],
        noise=[0.0, 0.3],
        exploration=[0.0, 0.5],
        seed=SEEDS[:2],
    )
    call = "(model, state) => explorer.beliefs(explorer.recordedOf(model), state)"
    for state, found in zip(states, in_javascript(BayesianSteps(), call, states), strict=True):
        beliefs = BayesianSteps(**state).beliefs()
        for step, belief in zip(found, beliefs, strict=True):
            assert step["tried"] == belief.tried
            for name in ("mean", "deviation"):
                in_script = [place[name] for place in step["posterior"]]
                assert np.allclose(in_script, getattr(belief, name), rtol=0, atol=1e-6)
            assert np.allclose(step["improvement"], belief.improvement, rtol=0, atol=1e-6)
            assert np.isclose(belief.improvement[step["next"]], belief.improvement[belief.next])


def test_workers_clock(in_javascript):
    states = states_of(WorkersClock(), workers=[1, 16], spread=[0, 1.75])
    states += states_of(WorkersClock(workers=5), seed=SEEDS)
    call = """(model, state) => {
      const recorded = explorer.recordedOf(model);
      const run = (method) => explorer.run(recorded, state, method);
      return { takes: explorer.epochsTake(recorded, state.spread),
        runs: ["synchronous halving", "ASHA"].map(run) }; }"""
    for state, found in zip(states, in_javascript(WorkersClock(), call, states), strict=True):
        twin = WorkersClock(**state)
        assert found["takes"] == twin.epochs_take()
        for method, seen in zip(WorkersClock.method.values, found["runs"], strict=True):
            expected = twin.run(method)
            # To the last digit: all are whole numbers of images and microseconds.
            jobs = pd.DataFrame(seen["jobs"]).rename(columns={"number": "trial"})
            jobs["epochs"] = 3 ** jobs["rung"]
            columns = ["start", "worker", "trial", "end", "epochs"]
            assert np.array_equal(
                jobs[columns].sort_values(columns), expected.jobs[columns].sort_values(columns)
            )
            assert seen["busy"] == expected.busy
            assert (seen["trials"], seen["epochs"]) == (expected.trials, expected.epochs)
            assert seen["best"] == expected.best


def test_halving(in_javascript):
    explorer = Halving()
    states = states_of(explorer, trials=[3, 27, 81], eta=[2, 3, 4], r_min=[1, 5])
    states += states_of(explorer, r_min=[2, 27], seed=SEEDS)
    call = """(model, state) => { const recorded = explorer.recordedOf(model); return {
      ...explorer.search(recorded, state, state.seed),
      rungs: explorer.rungs(state, recorded.epochs),
      found: explorer.found(recorded, state) }; }"""
    for state, found in zip(states, in_javascript(explorer, call, states), strict=True):
        twin = Halving(**state)
        cut = twin.search()
        assert [(rung["trials"], rung["epochs"]) for rung in found["rungs"]] == twin.rungs
        assert found["rows"] == twin.rows()
        assert found["trained"] == cut.trained.tolist()
        assert found["last"] == cut.last
        assert found["final"] == cut.curves[:, -1].tolist()
        assert (found["lowest"], found["isKept"]) == (cut.curves[:, -1].argmin(), cut.is_kept)
        assert found["spent"] == cut.trained.sum()
        if state["seed"] == 0:
            assert tuple(found["found"].values()) == twin.found()


def test_halving_cuts_as_the_scheduler_does():
    twin = Halving(trials=40, eta=3, r_min=2, seed=1)
    recorded = RecordedTrials(load_recording("mlp").where(seed=0))
    configs = [recorded.configs[row] for row in twin.rows()]
    log = tune(
        recorded.train,
        RandomSearch(MLP_SPACE),
        trials=40,
        scheduler=SuccessiveHalving(min_epochs=2, max_epochs=27, eta=3, trials=40),
        initial=configs,
        progress=False,
    )
    trained = [len(log.find(number).errors) for number in range(40)]
    assert trained == twin.search().trained.tolist()


def test_five_picks(in_javascript):
    picks = [[0.01], [1e-6, 1.0, 0.1, 0.0316, 3.2e-4], [10**-0.55, 0.05, 0.2, 1e-3, 10**-1.35]]
    states = states_of(FivePicks(), seed=range(13), picks=picks)
    call = """(model, state) => {
      const game = explorer.response(explorer.hidden(model), state.seed);
      const plain = (seeds) => seeds.map((rows) => Array.from(rows));
      return { ...game, wrong: Array.from(game.wrong), moves: game.moves.map(plain),
        errors: explorer.errors(game, state.picks), found: explorer.found(game),
        typical: explorer.typical(game), standing: explorer.standing(game, state.picks) }; }"""
    for state, found in zip(states, in_javascript(FivePicks(), call, states), strict=True):
        twin = FivePicks(**state)
        # To the last digit: all are whole numbers of images.
        assert found["about"] == twin.response.about
        assert (found["wrong"], found["images"]) == (
            twin.response.wrong.tolist(),
            twin.response.images,
        )
        assert found["moves"] == played()[state["seed"] % 12].tolist()
        assert found["errors"] == twin.errors()
        assert found["found"] == twin.found().tolist()
        assert found["typical"] == twin.typical()
        assert found["standing"] == twin.standing()._asdict()


def camel_case(name):
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


# What the reading room works out, it works out in JavaScript alone.
@pytest.mark.parametrize("name", sorted(set(explorers.__all__) - {"ReadingRoom"}))
def test_module_has_the_model_under_the_names_of_python(in_javascript, name):
    kind = getattr(explorers, name)
    ((names,),) = in_javascript(kind(), "(model, state) => [Object.keys(explorer)]", [{}])
    model = {
        each
        for each, value in vars(kind).items()
        if (inspect.isfunction(value) or isinstance(value, property)) and each[0] != "_"
    }
    twins = {camel_case(each) for each in model - {"picture"}}
    assert len(twins) >= 2
    assert twins <= set(names)


def test_generator_is_uniform_over_and_within_seeds():
    numbers = np.array(list(itertools.islice(draws(7), 20_000)))
    first = np.array([next(draws(seed)) for seed in range(20_000)])
    for drawn in (numbers, first):
        assert ((drawn >= 0) & (drawn < 1)).all()
        assert np.allclose(np.histogram(drawn, 10, (0, 1))[0] / 2000, 1, atol=0.1)
    assert list(itertools.islice(draws(7), 3)) == numbers[:3].tolist()


def test_ladder(in_javascript):
    states = states_of(Ladder(), trials=[3, 10, 30, 100])
    call = """(model, state) => {
      const recorded = explorer.recordedOf(model);
      const { means, spreads } = recorded;
      return { rates: explorer.rates(recorded, state.trials),
        seconds: explorer.secondsOfSteps(recorded, state),
        inside: explorer.agrees(recorded, means.map((mean, i) => mean + 2.9 * spreads[i])),
        outside: explorer.agrees(recorded, means.map((mean, i) => mean - 3.1 * spreads[i])) }; }"""
    for state, found in zip(states, in_javascript(Ladder(), call, states), strict=True):
        assert np.allclose(found["rates"], Ladder(**state).rates(), rtol=1e-12)
        assert found["seconds"] == [[*pair] for pair in Ladder(**state).seconds_of_steps().items()]
        assert all(found["inside"]) and not any(found["outside"])


def test_price_of_time(in_javascript):
    states = states_of(
        PriceOfTime(),
        price=[0.001, 0.1, 1.0, 100.0],
        limit=[0.1, 2.1, 25.0],
        trials=[10, 300],
        seed=SEEDS,
    )
    call = """(model, state) => {
      const recorded = explorer.recordedOf(model);
      const found = explorer.drawn(recorded, state);
      const front = explorer.front(found);
      return { ...found, front, priced: explorer.priced(front, found),
        winner: explorer.winner(recorded, found, state) }; }"""
    for state, found in zip(states, in_javascript(PriceOfTime(), call, states), strict=True):
        model = PriceOfTime(**state)
        assert found["winner"] == model.winner()
        rows, wrong, costs = model.drawn()
        assert (found["rows"], found["wrong"]) == (rows, wrong.tolist())
        assert found["costs"] == costs.tolist()
        assert (found["front"], found["priced"]) == (model.front(), model.priced())


def test_points_that_are_trained_here_stand_where_their_curves_end(in_javascript):
    call = """(model, state) => {
      const recorded = explorer.recordedOf(model);
      const here = { curves: [[0.8, 0.4], [0.7, 0.3], []] };
      return [here, { curves: [] }].map((each) => explorer.search(recorded, state, each)); }"""
    states = states_of(LearningRateRange(trials=3))
    ((trained, waiting),) = in_javascript(LearningRateRange(), call, states)
    assert [trial["error"] for trial in trained["trials"]] == [0.4, 0.3, 0.9]
    assert trained["incumbent"] == [0.4, 0.3, 0.3] and trained["best"]["number"] == 2
    assert waiting["incumbent"] == [0.9] * 3
    rates_drawn, _ = LearningRateRange(trials=3).drawn()
    for shown in (trained, waiting):
        assert np.allclose([trial["rate"] for trial in shown["trials"]], rates_drawn, rtol=1e-9)


def test_halving_asks_for_its_rungs(in_javascript):
    states = states_of(Halving(), trials=[3, 27, 81], eta=[2, 3, 4], r_min=[1, 5, 27], seed=[0, 7])
    call = """(model, state) => {
      const { choose, ...request } = explorer.requestOf(state, 27);
      let numbers = request.networks.map((_, number) => number);
      const errors = numbers.map((number) => (number % 5 === 4 ? NaN : ((number * 7) % 11) / 11));
      const rungs = [numbers];
      for (const epoch of request.stops) {
        numbers = choose({ epoch, numbers, errors: numbers.map((number) => errors[number]) });
        rungs.push(numbers);
      }
      const places = [...request.stops, request.epochs];
      const curves = errors.map((error, number) => {
        const last = rungs.findLastIndex((rung) => rung.includes(number));
        return new Array(places[last]).fill(Number.isNaN(error) ? 1 : error);
      });
      return { request, rungs, cut: explorer.cutHere({ curves }, 27) }; }"""
    for state, found in zip(states, in_javascript(Halving(), call, states), strict=True):
        rungs = Halving(**state).rungs
        request = found["request"]
        assert [*request["stops"], request["epochs"]] == [rung.epochs for rung in rungs]
        assert [len(numbers) for numbers in found["rungs"]] == [rung.trials for rung in rungs]
        for network in request["networks"]:
            assert 1e-4 <= network["learning_rate"] <= 1 and 1e-6 <= network["weight_decay"] <= 0.1
        errors = [1 if k % 5 == 4 else k * 7 % 11 / 11 for k in range(state["trials"])]
        for wide, few in itertools.pairwise(found["rungs"]):
            # Equal errors keep the order in which they stood.
            assert few == sorted(wide, key=lambda k: errors[k])[: len(few)]
        cut = found["cut"]
        assert sorted(cut["last"]) == sorted(found["rungs"][-1])
        assert cut["spent"] == sum(cut["trained"])
        assert cut["saved"] == sum(27 - t for t in cut["trained"] if t < max(cut["trained"]))


def test_rounds_that_are_trained_here_are_those_of_the_search(in_javascript):
    states = states_of(CoarseToFineRounds(), rounds=[1, 4], trials=[2, 6], seed=[0, 3])
    call = """(model, state) => {
      const surface = explorer.surfacesOf(model)["one axis matters"];
      let [curves, asked] = [[], 0];
      for (;;) {
        const request = explorer.requestOf(state, state.seed, curves);
        if (!request) break;
        asked += request.networks.length;
        const { fine, drawn } = explorer.searchesHere(state, state.seed, curves);
        const [start, { trials }] = [curves.length / 2, state];
        for (const each of [fine, drawn])
          for (const { point } of each.trials.slice(start, start + trials))
            curves.push(new Array(explorer.EPOCHS_HERE).fill(explorer.lookUp(surface, point)));
      }
      const bare = ({ trials, boxes, best }) => ({ trials, boxes, best });
      const { fine, drawn } = explorer.searchesHere(state, state.seed, curves);
      return { asked, here: [bare(fine), bare(drawn)],
        recorded: [explorer.search(surface, state, state.seed),
          explorer.random(surface, state, state.seed)] }; }"""
    explorer = CoarseToFineRounds()
    for state, found in zip(states, in_javascript(explorer, call, states), strict=True):
        assert found["here"] == found["recorded"]
        assert found["asked"] == 2 * state["rounds"] * state["trials"]


def test_networks_of_a_design_lie_where_its_points_do(in_javascript):
    call = "(model, { seed }) => explorer.requestAt([[0, 0], [1, 1], [0.5, 0.2]], seed)"
    states = states_of(GridOrRandom(), seed=[0, 5])
    for state, found in zip(states, in_javascript(GridOrRandom(), call, states), strict=True):
        assert found["seed"] == state["seed"]
        pairs = [(each["learning_rate"], each["weight_decay"]) for each in found["networks"]]
        assert np.allclose(pairs, [(1e-5, 1e-6), (1, 0.1), (10**-2.5, 1e-5)], rtol=1e-9)


def test_games_that_are_trained_here_differ_and_are_played_as_any(in_javascript):
    states = states_of(FivePicks(), seed=[*range(40)])
    call = """(model, { seed }) => {
      const [first] = explorer.hidden(model);
      const wrong = Array.from(first.wrong, (count) => count / first.images);
      const game = explorer.gameHere("x", wrong.map((error) => [1, error]), first);
      const [random, sobol, chosen] = explorer.found(game);
      const before = explorer.found(first).slice(0, 2);
      return { ...explorer.problemHere(seed), same: [random, sobol].map((each, i) =>
        Math.max(...each.map((error, k) => Math.abs(error - before[i][k] / first.images)))),
        best: Math.min(...wrong), chosen: seed ? [] : chosen, tried: seed ? [] : game.moves[2]
          .map((each) => new Set(each).size) }; }"""
    found = in_javascript(FivePicks(), call, states)
    assert len({each["about"] for each in found}) > 30
    for each in found:
        request = each["request"]
        assert request["classes"] == sorted(set(request["classes"]))
        assert 4 <= len(request["classes"]) <= 10 and request["width"] in (14, 28)
        assert max(each["same"]) < 1e-12
    # A Gaussian process that has seen four errors is mostly near the best.
    assert np.median(found[0]["chosen"]) < 1.1 * found[0]["best"]
    assert min(found[0]["chosen"]) >= found[0]["best"] and min(found[0]["tried"]) >= 4


def test_seed_lottery(in_javascript):
    states = states_of(SeedLottery(), seed=[1, 50], seeds=[1, 7], trials=[1, 60])
    states += states_of(SeedLottery(), seeds=[50])
    call = """(model, state) => { const played = explorer.playedOf(model); return {
      ends: explorer.ends(played, state), winners: explorer.winners(played, state),
      tally: explorer.tally(played, state), leads: explorer.leads(played, state) }; }"""
    for state, found in zip(states, in_javascript(SeedLottery(), call, states), strict=True):
        twin = SeedLottery(**state)
        assert found["ends"] == twin.ends().tolist()
        assert (found["winners"], found["tally"]) == (twin.winners(), twin.tally())
        for lead, expected in zip(found["leads"], twin.leads(), strict=True):
            assert np.isclose(lead["lead"], expected.lead)
            ends = [-np.inf, np.inf] if state["seeds"] < 10 else [lead["low"], lead["high"]]
            assert np.allclose(ends, expected[1:])


def test_train_again(in_javascript):
    states = states_of(TrainAgain(), new=["weights", "all three"], runs=[1, 2, 100], seed=[0, 5])
    call = """(model, state) => {
      const recorded = explorer.recordedOf(model);
      const wrong = explorer.again(recorded, state);
      return { wrong, errors: explorer.errors(recorded, state),
        ...explorer.compared(recorded, wrong) }; }"""
    for state, found in zip(states, in_javascript(TrainAgain(), call, states), strict=True):
        twin = TrainAgain(**state)
        compared = twin.compared()
        assert found["wrong"] == twin.again().tolist()
        assert np.allclose(found["errors"], twin.errors())
        assert np.isclose(found["gap"], compared.gap)
        assert found["lower"] == compared.lower
        # Without an end, it is no number of JSON.
        assert state["runs"] == 1 or np.isclose(found["margin"], compared.margin, rtol=1e-4)
