#!/usr/bin/python3
"""The command `entente`, end to end, as a user runs it: under mpiexec, on files, with bad input.

    python3 tests/test_command.py --entente build/entente --mpiexec "mpiexec -n" [--quick] [TEST...]

--quick runs a few cases of each kind: for the sanitizers.  ENTENTE_DATA names the folder of real data sets."""
import argparse
import contextlib
import functools
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; env/debian.sh --tests installs it")
    sys.exit(77)

import notes
import older

TESTS = pathlib.Path(__file__).resolve().parent
JOBS = TESTS.parent / "jobs"
NAMES = ["text", "audio", "vision"]
TRAIN, VALIDATION, TEST = 0, 1, 2
options = None  # of the command line
folder = None  # everything is written below it

# Small, so that a training costs less than the start of MPI.
SMALL = """\
data:       {file: DATA, modalities: [text, audio, vision], label: class}
model:
  registers: {text: {qubits: 2}, audio: {qubits: 2}, vision: {qubits: 2}}
federation: {clients: 6, rounds: 3}
client:     {learning_rate: 0.05}
"""


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-command-"))
    synth("data.h5", rows=600, missing=0.35)
    synth("whole.h5", rows=1000)
    (folder / "small.yaml").write_text(SMALL.replace("DATA", str(folder / "data.h5")))


def tearDownModule():
    shutil.rmtree(folder)


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


def launch(words, ranks, wrapper):
    start = [*options.mpiexec.split(), str(ranks)] if ranks else []
    return [*start, *wrapper, options.entente, *map(str, words)]


def run(*words, ranks=0, threads=1, wrapper=(), stdout=subprocess.PIPE, where=None):
    """Run `entente WORDS`, under mpiexec with ranks > 0.  A run that does not end is a failure."""
    process = subprocess.Popen(launch(words, ranks, wrapper), stdout=stdout, stderr=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, cwd=where or folder, start_new_session=True,
                               env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"hangs: {' '.join(launch(words, ranks, wrapper))}\n{out}\n{err}") from None
    return Ran(process.returncode, out, err)


def good(*words, **how):
    ran = run(*words, **how)
    if ran.code != 0:
        raise AssertionError(f"exit code {ran.code} of {words}\n{ran.out}\n{ran.err}")
    return ran


def synth(name, **given):
    flags = [word for key, value in given.items() for word in (f"--{key.replace('_', '-')}", value)]
    good("synth", "--out", folder / name, *flags)
    return folder / name


def sets(**given):
    """client__batch=3: --set client.batch=3"""
    return [word for key, value in given.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]


def last_json(ran):
    lines = ran.out.splitlines()
    return json.loads(lines[-1], parse_constant=lambda text: (_ for _ in ()).throw(ValueError(text)))


def fresh(name="out"):
    """A path in a new folder, which does not exist yet."""
    return pathlib.Path(tempfile.mkdtemp(dir=folder)) / name


def train(config="small.yaml", *words, ranks=1, threads=1, **given):
    """The JSON object of a training; the result's folder is in `out`."""
    out = fresh()
    ran = good("train", folder / config, "--out", out, "--json", "--quiet", *words, *sets(**given), ranks=ranks,
               threads=threads)
    return {**last_json(ran), "out": out}


def evaluate(result, *words, data="data.h5", ranks=1):
    return last_json(good("eval", result, "--data", folder / data, "--json", *words, ranks=ranks))


def edited(name, change, source="data.h5"):
    """A copy of a data set with a change."""
    path = folder / name
    shutil.copy(folder / source, path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def usable(name="data.h5", part=None):
    """Rows for which the file holds at least one modality."""
    with h5py.File(folder / name) as file:
        some = sum(file[f"modality/{modality}/present"][()] for modality in NAMES) > 0
        return int((some & (part is None or file["split"][()] == part)).sum())


def replaced(path, data):
    def change(file):
        del file[path]
        file[path] = data
    return change


def slow(test):
    @functools.wraps(test)
    def unless_quick(self):
        if options.quick:
            self.skipTest("left out with --quick")
        test(self)
    return unless_quick


class SameBits(unittest.TestCase):
    """One configuration, any number of ranks and threads: the same weights."""

    LAYOUTS = [(1, 1), (2, 1), (5, 1), (1, 2), (2, 2)]

    def same(self, **given):
        layouts = [(1, 1), (2, 2)] if options.quick else self.LAYOUTS
        found = {}
        for ranks, threads in layouts:
            result = train(ranks=ranks, threads=threads, **given)
            found[ranks, threads] = (result["weights_sha256"], result["accuracy"], result["loss"])
        self.assertEqual(len(set(found.values())), 1, found)

    def test_sample_level(self):
        self.same(missing__level="sample", missing__rate=0.3, federation__split="dirichlet_client")

    @slow
    def test_client_level(self):
        self.same(missing__level="client", missing__rate=0.3, missing__context="embed")

    @slow
    def test_linear_reduction(self):
        self.same(model__registers__audio__reduce="linear", model__registers__audio__angles=2, client__optimizer="sgd")

    @slow
    def test_real_label(self):
        self.same(data__label="value", model__readout="zz", federation__participation=0.5)

    @slow
    def test_single_precision(self):
        self.same(run__precision="single", client__batch=7, client__epochs=2)

    @slow
    def test_quickstart(self):
        hashes = {}
        for ranks, threads in [(1, 2), (2, 1)]:
            ran = good("train", JOBS / "quickstart.yaml", "--out", fresh(), "--json", "--quiet",
                       *sets(data__file=folder / "data.h5", federation__rounds=5), ranks=ranks, threads=threads)
            hashes[last_json(ran)["weights_sha256"]] = (ranks, threads)
        self.assertEqual(len(hashes), 1, hashes)

    @slow
    def test_seeds_and_settings_do_change_them(self):
        changes = [{}, {"seeds__init": 9}, {"seeds__sampling": 9}, {"seeds__split": 9}, {"client__batch": 9},
                   {"missing__rate": 0.3}, {"missing__rate": 0.3, "seeds__masks": 9}]
        hashes = {train(**change)["weights_sha256"] for change in changes}
        self.assertEqual(len(hashes), len(changes))

    def test_qft_mixing_is_the_same_on_any_ranks(self):
        mixed = {"model__fusion__gate": "qft"}
        found = {train(ranks=ranks, **mixed)["weights_sha256"] for ranks in [1, 2]}
        self.assertEqual(len(found), 1)
        self.assertNotIn(train(ranks=2)["weights_sha256"], found)

    def test_reuploading_fusion_is_the_same_on_any_ranks(self):
        plain = {"model__fusion__layers": 2, "missing__rate": 0.3}
        again = {**plain, "model__fusion__reupload": "true"}
        found = {train(ranks=ranks, **again)["weights_sha256"] for ranks in [1, 2, 3]}
        self.assertEqual(len(found), 1)
        self.assertNotIn(train(ranks=2, **plain)["weights_sha256"], found)


class MixedNodes(unittest.TestCase):
    """Ranks on different processors give the bits of the weakest of them."""

    @staticmethod
    def weights(*environments, config="small.yaml"):
        out, command = fresh(), options.mpiexec.split()
        words = []
        for rank in environments:
            words += [*(":" for _ in words[:1]), command[-1], "1", "env", *rank, options.entente, "train",
                      str(folder / config), "--out", str(out), "--quiet"]
        ran = subprocess.run([*command[:-1], *words], capture_output=True, text=True, timeout=120, cwd=folder,
                             env={**os.environ, "OMP_NUM_THREADS": "1"})
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)
        with h5py.File(out / "result.h5") as file:
            return file["weights/value"][()].tobytes(), file["isa"][()].decode(), file["blas"][()].decode()

    def test_instruction_sets(self):
        weak, strong = ["ENTENTE_ISA=baseline"], []
        wanted = self.weights(weak, weak)
        self.assertEqual(wanted[1], "baseline")
        for ranks in ([strong, weak], [weak, strong], [strong, strong, weak]):
            self.assertEqual(self.weights(*ranks), wanted, ranks)

    def test_kernels_of_openblas(self):
        weak, strong = ["OPENBLAS_CORETYPE=Prescott"], []
        wanted = self.weights(weak, weak)
        if wanted[2].lower() != "prescott":
            self.skipTest(f"BLAS kernel {wanted[2]}")
        for ranks in ([strong, weak], [weak, strong]):
            self.assertEqual(self.weights(*ranks), wanted, ranks)


class Kinds(unittest.TestCase):
    """model.kind: the same clients, masks and blocks for the models with which the quantum model is compared."""

    KINDS = {"late": {}, "logistic": {"model__registers__text__reduce": "linear"},
             "mlp": {"model__params": 200, "model__registers__audio__reduce": "linear"},
             "multilinear": {"model__params": -1}}

    def test_same_bits_and_the_same_again(self):
        for kind, given in self.KINDS.items():
            for more in [{}, {"data__label": "value", "missing__policy": "zero"}]:
                found = [train(ranks=ranks, threads=threads, model__kind=kind, missing__rate=0.3, missing__where="train",
                               **given, **more)
                         for ranks, threads in [(1, 1), (2, 2)]]
                for key in ["weights_sha256", "accuracy", "loss"]:
                    self.assertEqual(found[0][key], found[1][key], (kind, key))
                again = evaluate(found[0]["out"], ranks=2)
                self.assertEqual((again["kind"], again["accuracy"], again["weights_sha256"]),
                                 (kind, found[0]["accuracy"], found[0]["weights_sha256"]))
                if options.quick:
                    break

    def test_what_is_said_of_them(self):
        out = fresh()
        ran = good("train", folder / "small.yaml", "--out", out, *sets(model__kind="mlp", model__params=150))
        # encoders 30 H + 3 H, joint 3 H H + H, output 2 H + 2: 137 for H = 3, 194 for H = 4
        for text in [ran.out, ran.err, good("inspect", out / "result.h5").out]:
            for word in ["mlp", "137", "width 3"]:
                self.assertIn(word, text)
        fused, equal = (train(**given)["params"] for given in ({}, {"model__kind": "multilinear", "model__params": -1}))
        self.assertLess(abs(fused - equal), 20)  # a product more or less is 30 + 3 + 2 parameters
        self.assertRegex(good("inspect", train()["out"] / "result.h5").out, "model +quantum")
        self.assertIn("readouts   every readout depends on 3 qubits, one per register: 18 register expectation values",
                      good("inspect", train()["out"] / "result.h5").out)

    def test_one_modality_and_every_policy(self):
        for kind in ["quantum", *self.KINDS]:
            alone = train(model__kind=kind, data__modalities="[audio]", model__registers="{audio: {qubits: 2}}")
            self.assertEqual([p["present"] for p in alone["patterns"]], [["audio"]])
            for policy in ["mma"] if options.quick else ["mma", "zero", "mean", "drop", "none"]:
                found = train(model__kind=kind, missing__rate=0.3, missing__policy=policy,
                              data__file=folder / "whole.h5")
                self.assertGreater(found["loss"], 0.0, (kind, policy))

    def test_they_learn(self):
        for kind in ["quantum", *self.KINDS]:
            found = train(model__kind=kind, data__file=folder / "whole.h5", federation__rounds=15)
            self.assertGreater(found["accuracy"], 0.55, kind)

    def test_without_entanglement(self):
        registers = ", ".join(f"{name}: {{qubits: 2, ansatz: product}}" for name in NAMES)
        found = train(model__registers=f"{{{registers}}}", model__fusion__pattern="none")
        # maps of 30 features to 4 angles each, registers, fusion's rotations, head on X, Y and Z
        self.assertEqual(found["params"], 30 * 4 + 3 * 4 + 3 * 8 + 3 * 4 + 2 * 18 + 2)
        self.assertEqual(evaluate(found["out"])["weights_sha256"], found["weights_sha256"])

    def test_modality_dropout(self):
        for kind, policy in [("quantum", "mma"), ("quantum", "token"), ("mlp", "zero"), ("late", "mean")][:1 if options.quick else 4]:
            given = {"model__kind": kind, "missing__policy": policy, "data__file": folder / "whole.h5"}
            some = [train(ranks=ranks, client__modality_dropout=0.4, **given) for ranks in [1, 2]]
            self.assertEqual(some[0]["weights_sha256"], some[1]["weights_sha256"])
            hashes = {train(**given, **more)["weights_sha256"] for more in [{}, {"client__modality_dropout": 0.8}]}
            self.assertEqual(len(hashes | {some[0]["weights_sha256"]}), 3, (kind, policy))

    def test_they_refuse(self):
        for given, parts in [({"model__kind": "forest"}, ["forest", "quantum, late, logistic, mlp, multilinear"]),
                             ({"model__kind": "mlp", "model__head": "direct"}, ["kind mlp", "head direct"]),
                             ({"model__kind": "logistic", "run__precision": "single"}, ["kind logistic", "double"]),
                             ({"model__kind": "late", "missing__context": "embed"}, ["kind late", "context"]),
                             ({"model__params": 100}, ["kind quantum", "100 parameters"]),
                             ({"model__kind": "mlp", "missing__policy": "token"}, ["kind mlp", "policy token"]),
                             ({"model__kind": "mlp", "model__hidden": 0}, ["model.hidden", "'0'"]),
                             ({"client__modality_dropout": 0.2, "missing__policy": "none"},
                              ["client.modality_dropout", "policy none"])]:
            refused(self, ["train", folder / "small.yaml", "--out", fresh(), *sets(**given)], parts,
                    ranks=0)


class Json(unittest.TestCase):
    KEYS = ["accuracy", "accuracy_nonzero", "f1_weighted", "f1_macro", "mae", "pearson", "loss", "rounds",
            "samples_per_s", "patterns", "params", "weights_sha256", "selected_round", "validation_loss",
            "validation_accuracy"]

    def check_shape(self, found):
        for key in self.KEYS:
            self.assertIn(key, found)
        self.assertRegex(found["weights_sha256"], "^[0-9a-f]{64}$")
        for pattern in found["patterns"]:
            self.assertEqual(sorted(set(pattern) - {"mae"}), ["accuracy", "n", "present"])
            self.assertEqual("mae" in pattern, pattern["accuracy"] is None)
            self.assertLessEqual(set(pattern["present"]), set(NAMES))

    def test_quiet_prints_one_object(self):
        ran = good("train", folder / "small.yaml", "--out", fresh(), "--json", "--quiet", ranks=2)
        self.assertEqual(len(ran.out.splitlines()), 1, ran.out)
        self.assertEqual(ran.err, "")
        found = last_json(ran)
        self.check_shape(found)
        self.assertEqual((found["rounds"], found["selected_round"]), (3, 2))
        self.assertIsNone(found["mae"])
        self.assertIsNone(found["pearson"])
        rows = usable(part=TEST)
        self.assertEqual(sum(p["n"] for p in found["patterns"]), rows)
        right = sum(p["n"] * p["accuracy"] for p in found["patterns"])
        self.assertAlmostEqual(right / rows, found["accuracy"], 12)

    def test_quiet_by_itself_prints_nothing(self):
        ran = good("train", folder / "small.yaml", "--out", fresh(), "--quiet")
        self.assertEqual((ran.out, ran.err), ("", ""))

    @slow
    def test_the_object_is_the_last_line_of_all(self):
        ran = good("train", folder / "small.yaml", "--out", fresh(), "--json", ranks=2)
        self.assertGreater(len(ran.out.splitlines()), 5)
        self.check_shape(last_json(ran))
        for word in ["round 1/3", "round 3/3", "6 clients", "result: "]:
            self.assertIn(word, ran.err)
        for word in ["accuracy", "modalities present", "text audio vision"]:
            self.assertIn(word, ran.out)

    def test_the_selected_round_is_reported(self):
        out = fresh()
        ran = good("train", folder / "small.yaml", "--out", out, "--json",
                   *sets(run__select="validation_accuracy", run__patience=2, federation__rounds=12,
                         client__learning_rate=0.3))
        found = last_json(ran)
        with h5py.File(out / "result.h5") as file:
            column, chosen = file["round/validation_accuracy"][()], int(file["selected_round"][0])
            self.assertEqual(chosen, int(column.argmax()))  # the first of the best
            self.assertEqual(len(column), min(chosen + 3, 12))
            self.assertEqual(file["round/test_accuracy"][chosen], found["accuracy"])
            self.assertEqual(hashlib.sha256(file["weights/value"][()].tobytes()).hexdigest(), found["weights_sha256"])
        self.assertEqual((found["selected_round"], found["validation_accuracy"], found["rounds"]),
                         (chosen, column[chosen], len(column)))
        self.assertLess(chosen, len(column) - 1)
        self.assertIn(f"of round {chosen + 1} of {len(column)}: best validation accuracy, {column[chosen]:.4f}", ran.out)
        self.assertIn(f"ended                        after {len(column)} of 12 rounds", ran.out)
        self.assertRegex(ran.err, r"round 1/12 .* validation accuracy 0\.")
        self.assertIn(f"weights    of round {chosen + 1}, validation loss", good("inspect", out).out)
        self.assertEqual(evaluate(out)["accuracy"], found["accuracy"])

    def test_clients_that_diverge_are_counted(self):
        """In the log, in JSON, in the result, by inspect and in the report; a plain mean stops with the reason."""
        attack = sets(attack__kind="nan", attack__share=0.34)
        out = fresh()
        ran = good("train", folder / "small.yaml", "--out", out, "--json", *attack,
                   *sets(federation__aggregation="median"), ranks=2)
        self.assertEqual(last_json(ran)["excluded_updates"], 6)
        self.assertRegex(ran.out, r"(?m)^ +diverged +6 updates were left out$")
        self.assertRegex((out / "log.txt").read_text(), "(?m)^round 3/3 .* 2 diverged, left out")
        with h5py.File(out / "result.h5") as file:
            self.assertEqual(file["round/excluded"][()].tolist(), [2, 2, 2])
            self.assertTrue(numpy.isfinite(file["weights/value"][()]).all())
        self.assertRegex(good("inspect", out).out, r"(?m)^ +diverged +6 \(left out\)$")
        self.assertRegex(good("report", out, "--text").out, r"(?s)Clients that diverged.*6\s.*3 of 3")
        self.assertEqual(train(federation__aggregation="median")["excluded_updates"], 0)
        ran = run("train", folder / "small.yaml", "--out", fresh(), *attack, ranks=2)
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn("diverged to nan", ran.err)
        ran = run("train", folder / "small.yaml", "--out", fresh(), *sets(
            client__optimizer="sgd", client__learning_rate=1000, client__epochs=50, data__label="value",
            federation__on_divergence="exclude"), ranks=2)
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn("all of its clients diverged (6)", ran.err)

    def test_a_real_label_has_errors_and_more_classes_have_no_nonzero(self):
        with h5py.File(folder / "data.h5") as file:
            bounded = edited("bounded.h5", replaced("label/value", numpy.clip(file["label/value"][:], -3, 3)))
        found = train(data__label="value", data__file=bounded)
        self.check_shape(found)
        for key in ["mae", "pearson", "accuracy", "accuracy_nonzero"]:
            self.assertIsInstance(found[key], float, key)
        synth("five.h5", rows=200, classes=5)
        found = train(data__file=folder / "five.h5")
        self.assertIsNone(found["accuracy_nonzero"])

    def test_figures_match_the_saved_predictions(self):
        found = train(missing__rate=0.3, ranks=2)
        with h5py.File(found["out"] / "result.h5") as result, h5py.File(folder / "data.h5") as data:
            truth = data["label/class"][()][result["part/test/row"][()]]
            guess = result["test/output"][()].argmax(axis=1)
            context = result["part/test/context"][()]
            logits = result["test/output"][()]
        self.assertAlmostEqual((guess == truth).mean(), found["accuracy"], 12)
        loss = numpy.log(numpy.exp(logits).sum(axis=1)) - logits[numpy.arange(len(truth)), truth]
        self.assertAlmostEqual(loss.mean(), found["loss"], 12)
        for pattern in found["patterns"]:
            bits = sum(1 << NAMES.index(name) for name in pattern["present"])
            self.assertEqual((context == bits).sum(), pattern["n"])
            self.assertAlmostEqual((guess == truth)[context == bits].mean(), pattern["accuracy"], 12)


class Eval(unittest.TestCase):
    def test_it_reproduces_the_training(self):
        for given in [{}, {"data__label": "value", "model__registers__text__reduce": "linear"}]:
            trained = train(ranks=2, **given)
            for ranks in [1, 3]:
                found = evaluate(trained["out"], ranks=ranks)
                for key in ["loss", "accuracy", "accuracy_nonzero", "f1_weighted", "f1_macro", "mae", "pearson",
                            "calibration", "patterns", "params", "weights_sha256"]:
                    self.assertEqual(found[key], trained[key], key)
            if options.quick:
                return

    def test_it_draws_what_the_training_drew(self):
        """Shots and trajectories are those of a row of the data set, whatever its place among the clients or ranks."""
        for given in [{"run__shots": 20, "devices__shots": "5, 0", "devices__qubits": "1, 0"},
                      {"noise__method": "trajectories", "noise__trajectories": 2,
                       "noise__after_2q__depolarizing": 0.2}]:
            trained = train(ranks=2, **given)
            for ranks, masks in [(1, []), (3, []), (2, ["--masks", "training"])]:
                found = evaluate(trained["out"], *masks, ranks=ranks)
                for key in ["loss", "accuracy", "patterns"]:
                    self.assertEqual(found[key], trained[key], key)
            if options.quick:
                return

    def test_it_says_whose_model_it_evaluates(self):
        trained = train(federation__aggregation="local")
        done = subprocess.run([options.entente, "eval", trained["out"], "--masks", "training"], capture_output=True,
                              text=True, cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("aggregation local: the figures are those of the mean of the clients' models", done.stderr)

    def test_an_ansatz_from_a_file_lives_in_the_result(self):
        ansatz = folder / "ansatz.qasm"
        ansatz.write_text('OPENQASM 3.0;\ninclude "stdgates.inc";\ninput array[float[64], 2] x;\n'
                          'input array[float[64], 2] theta;\nqubit[2] q;\nry(x[0]) q[0];\nry(x[1]) q[1];\n'
                          'rx(theta[0]) q[0];\nrzz(theta[1]) q[0], q[1];\n')
        trained = train(ranks=2, model__registers__text__ansatz=ansatz)
        ansatz.unlink()
        found = evaluate(trained["out"], ranks=2)
        self.assertEqual(found["accuracy"], trained["accuracy"])
        self.assertNotEqual(trained["weights_sha256"], train(ranks=2)["weights_sha256"])

    def test_missing_is_the_fixed_protocol(self):
        trained = train(data__file=folder / "whole.h5")
        for names in ["audio", "audio,vision", "text,audio,vision"]:
            wanted = train(data__file=folder / "whole.h5", missing__level="fixed", missing__absent=f"[{names}]",
                           missing__where="test", missing__empty="allow")
            found = evaluate(trained["out"], "--missing", names, data="whole.h5", ranks=2)
            self.assertEqual(wanted["weights_sha256"], trained["weights_sha256"])
            self.assertEqual(found["accuracy"], wanted["accuracy"], names)
            self.assertEqual(found["patterns"], wanted["patterns"], names)
            if options.quick:
                return

    def test_a_result_of_an_older_program(self):
        trained = train(missing__rate=0.3, missing__where="train")
        older.make_first(trained["out"] / "result.h5")
        found = evaluate(trained["out"], ranks=2)
        for key in ["accuracy", "loss", "patterns", "kind", "weights_sha256"]:
            self.assertEqual(found[key], trained[key], key)
        shown = good("inspect", trained["out"] / "result.h5").out
        self.assertIn(f"loss                 {trained['loss']:.6g}", shown)
        self.assertNotIn("modality_dropout", shown)  # the configuration as it is there

    def test_a_damaged_one(self):
        """Any number, text or table: every command that reads it names what has been changed."""
        trained = train()["out"]
        self.assertIn("datasets are what was written (SHA-256)", good("inspect", trained).out)

        def edit(change):
            out = fresh()
            shutil.copytree(trained, out)
            with h5py.File(out / "result.h5", "r+") as file:
                change(file)
            return out

        def one(name, by):
            def change(file):
                numbers = file[name][()]
                numbers.flat[-1] += by
                file[name][...] = numbers
            return change

        def text(file):
            file["config"][()] = file["config"][()].replace(b"learning_rate: 0.05", b"learning_rate: 0.06")

        def extra(file):
            file["ansatz/text"] = "OPENQASM 3;"

        for change, part in ((one("weights/value", 1e-12), "/weights/value is not what was written (SHA-256 differs)"),
                             (one("part/test/context", 1), "/part/test/context is not what was written"),
                             (one("reduction/text/mean", 1e-9), "/reduction/text/mean is not what was written"),
                             (one("round/test_accuracy", 0.1), "/round/test_accuracy is not what was written"),
                             (lambda file: file.__delitem__("prior"), "dataset /prior is missing"),
                             (extra, "/ansatz/text was added after the file was written")):
            out = edit(change)
            for words in (["eval", out, "--data", folder / "data.h5"], ["report", out, "--text"], ["inspect", out]):
                refused(self, words, [f"{out}/result.h5: {part}"], ranks=0)
            self.assertIn(f"intact     no: {out}/result.h5: {part}", run("inspect", out).out)
        out = edit(text)
        refused(self, ["spectrum", out, "--input", "text:0"], ["/config is not what was written"], ranks=0)

    def test_a_file_in_place_of_the_folder(self):
        result = train()["out"]
        refused(self, ["eval", result / "result.h5", "--data", folder / "data.h5"],
                ["result.h5: not a folder, want the folder that holds result.h5"], ranks=0)

    def test_a_result_of_a_newer_program(self):
        result = train()["out"]
        older.rewrite_config(result / "result.h5", lambda text: text.replace("head: linear", "head: linear\n  tail: 3"))
        refused(self, ["eval", result, "--data", folder / "data.h5"],
                [f"{result}/result.h5", "unknown key 'tail' in model", "written by a newer Entente?"])

    def test_all_is_every_row(self):
        trained = train()
        edited("all_test.h5", replaced("split", numpy.full(600, TEST, numpy.uint8)))
        found = evaluate(trained["out"], "--all", ranks=2)
        self.assertLess(usable(), 600)
        self.assertEqual(sum(p["n"] for p in found["patterns"]), usable())
        self.assertEqual(found["accuracy"], evaluate(trained["out"], data="all_test.h5")["accuracy"])

    @slow
    def test_policies(self):
        for policy in ["zero", "mean", "drop"]:
            trained = train(missing__policy=policy)
            self.assertEqual(evaluate(trained["out"], ranks=2)["accuracy"], trained["accuracy"], policy)

    def test_it_refuses(self):
        out = train()["out"]
        no_audio = edited("no_audio.h5", lambda file: file.__delitem__("modality/audio"))
        narrow = edited("narrow.h5", replaced("modality/audio/features", numpy.zeros((600, 3), "f4")))
        no_test = edited("no_test.h5", replaced("split", numpy.zeros(600, numpy.uint8)))
        five = synth("five_classes.h5", rows=200, classes=5)
        cases = [(["eval", out, "--data", no_audio], ["no modality 'audio'", "text, vision"]),
                 (["eval", out, "--data", narrow], ["audio", "3", "10"]),
                 (["eval", out, "--data", no_test], ["/split", "2"]),
                 (["eval", out, "--data", five], ["class 2, the trained model knows: 0, 1"]),
                 (["eval", out, "--data", folder / "nowhere.h5"], ["nowhere.h5", "No such file"]),
                 (["eval", folder / "nowhere", "--data", five], ["nowhere/result.h5", "No such file"]),
                 (["eval", out, "--data", five, "--missing", "audio,smell"], ["smell", "text, audio, vision"])]
        for ranks, (words, parts) in zip([2, 0, 0, 0, 0, 0, 2], cases[:2] if options.quick else cases):
            refused(self, words, parts, ranks)


class Inspect(unittest.TestCase):
    def test_data_set(self):
        text = good("inspect", folder / "data.h5").out
        for word in ["600", "train 420, validation 60, test 120", "groups", "text", "12 features", "2 classes",
                     "real", "CC0-1.0", "--seed"]:
            self.assertIn(word, text)

    def test_result(self):
        result = train(ranks=2)["out"]
        text = good("inspect", result / "result.h5").out
        self.assertEqual(good("inspect", result).out, text)
        for word in ["entente 0.", "rounds", "accuracy", "Configuration", "optimizer: adam", "2 ranks of 1 thread\n"]:
            self.assertIn(word, text)

    @slow
    def test_it_refuses(self):
        other = folder / "other.h5"
        with h5py.File(other, "w") as file:
            file["x"] = [1, 2]
        refused(self, ["inspect", other], ["other.h5", "found no /modality"], ranks=0)
        refused(self, ["inspect", folder / "small.yaml"], ["small.yaml", "HDF5"], ranks=0)


class Synth(unittest.TestCase):
    def test_options(self):
        path = synth("options.h5", rows=300, modalities="a:3,b:5", classes=3, groups=7, noise=0.5, own=2, cross=1,
                     group_shift=0.1, missing=0.4, seed=5)
        with h5py.File(path) as file:
            self.assertEqual(sorted(file["modality"]), ["a", "b"])
            self.assertEqual(file["modality/a/features"].shape, (300, 3))
            self.assertEqual(file["modality/b/features"].shape, (300, 5))
            self.assertEqual(list(numpy.bincount(file["label/class"][()])), [100, 100, 100])
            self.assertEqual(len(set(file["group"][()])), 7)
            self.assertEqual(list(numpy.bincount(file["split"][()])), [210, 30, 60])
            present = file["modality/a/present"][()] == 1
            self.assertAlmostEqual(1 - present.mean(), 0.4, delta=0.1)
            self.assertTrue(numpy.isnan(file["modality/a/features"][()][~present]).all())
            self.assertTrue(numpy.isfinite(file["modality/a/features"][()][present]).all())

    def test_help_has_the_defaults(self):
        with h5py.File(synth("default.h5")) as file:
            words = [str(word, "utf-8") if isinstance(word, bytes) else word for word in file.attrs["source"].split()]
        text = " ".join(good("synth", "--help").out.split())
        given = dict(zip(words, words[1:]))
        self.assertGreater(len([word for word in given if word.startswith("--")]), 8)
        for option, value in given.items():
            if option.startswith("--"):
                self.assertRegex(text, rf"{option}=\w+ [^=]*\({re.escape(value)}\)", option)

    def test_its_source_makes_it_again(self):
        for name in ["data.h5", "again.h5"]:
            path = synth(name, rows=100, modalities="x:4,y:2", seed=3) if name == "again.h5" else folder / name
            with h5py.File(path) as file:
                words = file.attrs["source"].split()
            words = (word.decode() if isinstance(word, bytes) else word for word in words)
            copy = fresh("copy.h5")
            good(*[word for word in words if word not in ["synthetic:", "entente"]], "--out", copy)
            self.assertEqual(copy.read_bytes(), path.read_bytes())

    def test_it_refuses(self):
        before = (folder / "data.h5").read_bytes()
        refused(self, ["synth", "--out", folder / "data.h5"], ["data.h5", "exists", "or --replace"], ranks=0)
        self.assertEqual((folder / "data.h5").read_bytes(), before)
        for words, parts in [(["--rows", "5"], ["'5'", "10"]), (["--classes", "1"], ["'1'", "2"]),
                             (["--noise", "loud"], ["'loud'", "number"]), (["--modalities", "a"], ["'a'", "NAME:D"]),
                             (["--missing", "2"], ["'2'", "0 to 1"]), (["more"], ["'more'"])]:
            ran = run("synth", "--out", fresh(), *words)
            self.assertEqual(ran.code, 2, words)
            for part in parts:
                self.assertIn(part, ran.err)

    def test_a_full_disk(self):
        out = fresh("big.h5")
        refused(self, ["synth", "--rows", 5000, "--out", out], ["big.h5", "File too large"], ranks=0,
                wrapper=file_limit(64), place=out.parent)


class Help(unittest.TestCase):
    OPTIONS = {"train": ["--set", "--out", "--on-full-disk", "--json", "--quiet"], "eval": ["--data", "--missing", "--all", "--json"],
               "inspect": [],
               "synth": ["--out", "--rows", "--modalities", "--classes", "--groups", "--noise", "--own", "--cross",
                         "--group-shift", "--missing", "--seed", "--replace"]}

    def test_every_command(self):
        for command, wanted in self.OPTIONS.items():
            ran = good(command, "--help")
            usage = good(command, "--usage").out
            self.assertEqual(ran.err, "")
            for option in [*wanted, "--help", "--usage"]:
                self.assertIn(option, ran.out)
                self.assertIn(option, usage)
            for line in ran.out.splitlines():
                self.assertLess(len(line), 80, line)
            self.assertNotIn("Mandatory or optional", ran.out)

    def test_every_key_of_the_configuration(self):
        text = good("train", "--help").out
        for line in text[text.index("  data: "):].splitlines():
            self.assertRegex(line, r"^  ( {13}|\w+: +)[\w{]|^An error for a wrong", "wrapped by hand, so that it lines up")
        with h5py.File(train()["out"] / "result.h5") as result:
            config = result["config"][()].decode()
        for word in ["weight_decay", "shards_per_client", "evaluate_every", "precision", "reupload", "participation"]:
            self.assertIn(word, config)
            self.assertIn(word, text)

    def test_overview_and_version(self):
        overview = good("--help").out
        for command in self.OPTIONS:
            self.assertIn(f"  {command} ", overview)
        version = good("--version").out
        for word in ["entente 0.", "compiler", "instruction set", "MPI", "HDF5", "FFTW", "OpenBLAS", "OpenMP",
                     "Random123", "libyaml", "jansson", "libsodium"]:
            self.assertIn(word, version)


class Result(unittest.TestCase):
    """result.h5, read by another library."""

    @classmethod
    def setUpClass(cls):
        cls.whole = folder / "whole.h5"
        cls.sample = cls.opened(missing__level="sample", missing__rate="{audio: 0.4, vision: 0.1}")
        cls.client = cls.opened(missing__level="client", missing__rate=0.4, missing__where="train",
                                federation__clients=40)

    @classmethod
    def opened(cls, **given):
        found = train(ranks=2, data__file=cls.whole, **given)
        return h5py.File(found["out"] / "result.h5"), found

    @classmethod
    def tearDownClass(cls):
        cls.sample[0].close()
        cls.client[0].close()

    def test_what_it_holds(self):
        result, found = self.sample
        config = result["config"][()].decode()
        for word in ["text: {qubits: 2", "audio: 0.4", "rounds: 3", str(self.whole)]:
            self.assertIn(word, config)
        self.assertEqual(list(result["seeds"]), [1, 2, 3, 4])
        self.assertEqual(list(result["layout"]), [2, 1])
        for name in ["version", "created", "host", "engine"]:
            self.assertTrue(result[name][()])
        self.assertEqual(list(result["round/round"]), [0, 1, 2])
        self.assertTrue(all(len(column) == 3 for column in result["round"].values()))
        self.assertTrue((numpy.diff(result["round/train_loss"]) < 0).all())
        self.assertEqual(list(result["round/bytes_up"]), [6 * 8 * found["params"]] * 3)
        self.assertEqual(list(result["round/samples"]), [700] * 3)
        self.assertEqual(result["metrics/accuracy"][0], found["accuracy"])
        self.assertEqual(result["round/test_accuracy"][2], found["accuracy"])

    def test_every_dataset_says_what_it_is(self):
        self.assertEqual(notes.without_notes(self.whole, self.sample[1]["out"] / "result.h5"), [])

    def test_weights_and_their_blocks(self):
        result, found = self.sample
        self.assertEqual(hashlib.sha256(result["weights/value"][()].tobytes()).hexdigest(), found["weights_sha256"])
        names = result["weights/name"][()].decode().split()
        self.assertEqual(len(names), len(result["weights/first"]))
        self.assertEqual(result["weights/count"][()].sum(), found["params"])
        self.assertEqual(dict(zip(names, result["weights/needs"]))["fusion/text-audio"], 0b011)
        self.assertEqual(dict(zip(names, result["weights/needs"]))["head/bias"], 0)

    def test_clients(self):
        result, _ = self.sample
        for part, column in [("train", "train_rows"), ("test", "test_rows")]:
            counts = numpy.bincount(result[f"part/{part}/client"][()], minlength=6)
            self.assertEqual(list(counts), list(result[f"client/{column}"]))

    def test_rows_are_those_of_the_data(self):
        with h5py.File(self.whole) as data:
            split = data["split"][()]
        for result, _ in [self.sample, self.client]:
            for number, part in enumerate(["train", "validation", "test"]):
                rows = result[f"part/{part}/row"][()]
                self.assertEqual(sorted(rows), list(numpy.flatnonzero(split == number)))

    def test_masks_of_samples_obey_the_rates(self):
        result, _ = self.sample
        for part, n in [("train", 700), ("test", 200)]:
            context = result[f"part/{part}/context"][()]
            self.assertTrue((context & 1).all(), "text has rate 0")
            for bit, rate in [(1, 0.4), (2, 0.1)]:
                absent = 1 - (context >> bit & 1).mean()
                self.assertAlmostEqual(absent, rate, delta=4 * (rate * (1 - rate) / n) ** 0.5)

    def test_masks_of_clients_are_one_per_client(self):
        result, _ = self.client
        self.assertTrue((result["part/test/context"][()] == 7).all(), "where: train")
        client, context = result["part/train/client"][()], result["part/train/context"][()]
        masks = [set(context[client == k]) for k in range(40)]
        self.assertTrue(all(len(mask) == 1 for mask in masks))
        absent = numpy.mean([[1 - (mask >> bit & 1) for bit in range(3)] for (mask,) in masks])
        self.assertAlmostEqual(absent, 0.4, delta=0.15)
        self.assertTrue(all(mask != {0} for mask in masks), "keep_one")

    def test_masks_have_their_own_seed(self):
        other, _ = self.opened(missing__level="sample", missing__rate="{audio: 0.4, vision: 0.1}", seeds__split=9,
                               seeds__init=9, seeds__sampling=9)
        with other:
            masks = [dict(zip(r["part/train/row"][()], r["part/train/context"][()])) for r in (self.sample[0], other)]
            self.assertEqual(masks[0], masks[1])
            self.assertNotEqual(list(other["part/train/row"]), list(self.sample[0]["part/train/row"]))


def file_limit(kib):
    """As on a full disk: no file of the command may grow beyond it."""
    return ["sh", "-c", f'trap "" XFSZ; ulimit -f {2 * kib}; exec "$@"', "-"]


def refused(test, words, parts, ranks=2, place=None, **how):
    """Exit code 1, one message, on the first line, that contains `parts`; nothing new in `place`."""
    before = sorted(place.iterdir()) if place else None
    ran = run(*words, ranks=ranks, **how)
    told = f"{words}\n{ran.out}\n{ran.err}"
    test.assertEqual(ran.code, 1, told)
    messages = [line for line in ran.err.splitlines() if line.startswith("entente: ")]
    test.assertEqual(len(messages), 1, told)
    test.assertTrue(ran.err.startswith("entente: "), told)
    for part in parts:
        test.assertIn(str(part), messages[0])
    if place:
        test.assertEqual(sorted(place.iterdir()), before, told)


class Refuses(unittest.TestCase):
    """Bad input: a clear message, exit code 1, nothing half-written, no hang.

    mpiexec takes two seconds to end after a failure, so errors that all ranks find are tried without it."""

    def refused(self, parts, ranks=0, **given):
        out = fresh()
        refused(self, ["train", folder / "small.yaml", "--out", out, "--quiet", "--json", *sets(**given)], parts, ranks,
                out.parent)

    def refused_data(self, change, *parts, ranks=0, **given):
        self.refused(["bad.h5", *parts], ranks, data__file=edited("bad.h5", change), **given)

    def test_files_that_are_not_data_sets(self):
        whole = (folder / "data.h5").read_bytes()
        (folder / "truncated.h5").write_bytes(whole[:len(whole) // 2])
        (folder / "empty.h5").write_bytes(b"")
        self.refused(["nowhere.h5", "No such file"], data__file="nowhere.h5")
        self.refused(["truncated.h5", "truncated"], 2, data__file=folder / "truncated.h5")
        if options.quick:
            return
        self.refused(["small.yaml", "HDF5"], data__file=folder / "small.yaml")
        self.refused(["empty.h5", "HDF5"], data__file=folder / "empty.h5")
        self.refused([folder.name], data__file=folder)

    def test_missing_datasets(self):
        self.refused_data(lambda file: file.__delitem__("modality/audio/features"), "/modality/audio/features")
        if options.quick:
            return
        self.refused_data(lambda file: file.__delitem__("split"), "/split")
        self.refused_data(lambda file: file.__delitem__("label"), "/label")
        self.refused_data(lambda file: file.__delitem__("modality"), "/modality")
        self.refused_data(lambda file: file.__delitem__("group"), "/group", federation__split="natural")
        self.refused(["data.h5", "'mood'", "class, value"], data__label="mood")

    @slow
    def test_shapes_that_disagree(self):
        self.refused_data(replaced("split", numpy.zeros(599, "u1")), "/split", "599", "600")
        self.refused_data(replaced("modality/vision/features", numpy.zeros((601, 8), "f4")), "601", "600")
        self.refused_data(replaced("modality/text/features", numpy.zeros(600, "f4")), "rank 1", "want 2")
        self.refused_data(replaced("label/class", numpy.zeros((600, 2), "i4")), "/label/class", "rank 2")
        self.refused_data(lambda file: None, "'text'", "12", "2", model__registers__text__reduce="none")

    def present_row(self, which):
        with h5py.File(folder / "data.h5") as file:
            usable = (file["modality/audio/present"][()] == 1) & (file["split"][()] == which)
        return int(numpy.flatnonzero(usable)[-1])

    def test_values_that_are_not_finite(self):
        for value, part in [("nan", TRAIN), ("inf", TEST)]:
            row, features = self.present_row(part), "modality/audio/features"
            self.refused_data(lambda file, at=(features, row, value): file[at[0]].__setitem__((at[1], 7), float(at[2])),
                              "'audio'", f"row {row}", "column 7", value, "finite", ranks=3)
            if options.quick:
                return
        self.refused_data(replaced("label/value", numpy.full(600, numpy.nan, "f4")), "/label/value", "row 0", "nan",
                          data__label="value")
        self.refused(["'text'", "row", "nan"], missing__policy="none")

    def test_absent_values_are_never_read(self):
        def fill(value):
            def change(file):
                for name in NAMES:
                    features, present = file[f"modality/{name}/features"], file[f"modality/{name}/present"][()]
                    x = features[()]
                    x[present == 0] = value
                    features[()] = x
            return change
        files = [edited(f"absent_{value}.h5", fill(value)) for value in [numpy.nan, numpy.inf, 0.0, -1e30]]
        cases = [{"model__registers__audio__reduce": "linear", "model__registers__vision__reduce": "random"},
                 {"missing__policy": "zero"}, {"missing__policy": "mean"}, {"missing__policy": "drop"}]
        for given in cases[:1] if options.quick else cases:
            found = {train(ranks=2, data__file=path, **given)["weights_sha256"] for path in files[:2]}
            found.add(train(ranks=1, data__file=files[3], **given)["weights_sha256"])
            self.assertEqual(len(found), 1, given)

    @slow
    def test_labels_and_parts_out_of_range(self):
        self.refused_data(replaced("label/class", numpy.full(600, -1, "i4")), "/label/class", "row 0", "-1",
                          "want a whole number 0..2147483647")
        self.refused_data(replaced("label/class", numpy.full(600, 1000, "i4")), "is 1000 in every row, want 2 classes")
        self.refused_data(replaced("split", numpy.full(600, 3, "u1")), "/split", "3", "0..2")

    def test_qft_mixing_without_a_pattern(self):
        self.refused(["model.fusion.pattern", "none", "want ring, all or star"], model__fusion__gate="qft",
                     model__fusion__pattern="none")

    def test_joints_within_registers(self):
        self.refused(["model.fusion.within", "ring", "want none"], model__fusion__pattern="chain",
                     model__fusion__within="ring")
        self.refused(["model.fusion.gate", "qft", "want a gate on two qubits"], model__fusion__gate="qft",
                     model__fusion__within="chain")
        self.refused(["model.fusion.within", "all"], model__fusion__within="all")

    def test_data_between_fusion_layers_that_cannot_be(self):
        again = {"model__fusion__reupload": "true"}
        for layers in [0, 1]:
            self.refused(["model.fusion.reupload", f"found model.fusion.layers {layers}, want at least 2"],
                         model__fusion__layers=layers, **again)
        self.refused(["'audio': found encoding amplitude", "model.fusion.reupload false"], model__fusion__layers=2,
                     model__registers__audio="{angles: 1, layers: 1, encoding: amplitude}", **again)
        self.refused(["model.fusion.reupload", "found 'twice', want true or false"], model__fusion__reupload="twice")

    def test_zero_training_rows(self):
        self.refused_data(replaced("split", numpy.full(600, TEST, "u1")), "/split", "0", "train", ranks=2)
        if options.quick:
            return
        self.refused(["no training row"], missing__level="fixed", missing__absent="[text, audio, vision]",
                     missing__empty="skip")

    @slow
    def test_a_modality_that_the_file_lacks(self):
        self.refused(["data.h5", "'smell'", "audio, text, vision"], data__modalities="[text, smell]",
                     model__registers="{}")

    @slow
    def test_more_qubits_than_memory_holds(self):
        self.refused(["bytes", "available", "44 qubits"], 2, model__registers__text__qubits=40)
        self.refused(["bytes", "any machine", "82 qubits"], 2, model__registers__text__qubits=40, model__registers__audio__qubits=40)

    @slow
    def test_more_clients_and_rounds_than_memory_holds(self):
        self.refused(["federation.clients", "1000000000", "available: "], federation__clients=1000000000)
        self.refused(["federation.rounds", "1000000000", "available: "], federation__rounds=1000000000)

    @slow
    def test_more_shards_than_ranks(self):
        self.refused(["run.shards", "found 4", "2"], 2, run__shards=4)

    def test_a_folder_with_a_result(self):
        out = train()["out"]
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        refused(self, ["train", folder / "small.yaml", "--out", out], [out, "a result exists already", "--out"])
        self.assertEqual({path.name: path.read_bytes() for path in out.iterdir()}, before)

    @slow
    def test_folders_that_cannot_be(self):
        refused(self, ["train", folder / "small.yaml", "--out", folder / "data.h5"], ["data.h5", "Not a directory"], 0)
        refused(self, ["train", folder / "small.yaml", "--out", "/proc/nowhere/out"], ["/proc/nowhere", "No such"])
        refused(self, ["train", folder / "small.yaml", "--out", "x" * 5000], ["too long"], ranks=0)

    def test_a_file_that_may_not_grow(self):
        out = fresh()
        refused(self, ["train", folder / "small.yaml", "--out", out / "below", "--quiet"],
                ["result.h5", "File too large"], 1, out.parent, wrapper=file_limit(4))

    @slow
    def test_a_full_disk(self):
        disk = fresh("disk")
        disk.mkdir()
        if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk],
                                              stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("wants root, to mount a small file system")
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["umount", disk], check=True)
            words = ["train", folder / "small.yaml", "--out", disk / "out", "--quiet", "--on-full-disk", "fail"]
            refused(self, words, ["result.h5", "No space left"], 2, disk)
            (disk / "fill").write_bytes(b"x" * 8192)
            refused(self, words, ["No space left"], 2, disk)

    @slow
    def test_an_output_that_is_full(self):
        with open("/dev/full", "w") as full:
            for words in [["inspect", folder / "data.h5"], ["--version"], ["synth", "--out", fresh()],
                          ["eval", train()["out"], "--data", folder / "data.h5"]]:
                ran = run(*words, stdout=full)
                self.assertEqual(ran.code, 1, words)
                self.assertIn("standard output: No space left", ran.err)

    @slow
    def test_a_folder_that_may_not_be_written(self):
        if os.getuid() == 0:
            self.skipTest("root may write everywhere")
        out = fresh()
        out.parent.chmod(0o500)
        refused(self, ["train", folder / "small.yaml", "--out", out], ["Permission denied"], 2, out.parent)

    @slow
    def test_weights_that_diverge(self):
        out = fresh()
        refused(self, ["train", folder / "small.yaml", "--out", out, "--quiet",
                       *sets(data__label="value", client__optimizer="sgd", client__learning_rate=1000,
                             federation__rounds=500)],
                ["round", "client", "diverged", "client.learning_rate"])
        self.assertEqual([path.name for path in out.iterdir()], ["log.txt"])
        self.assertIn("diverged", (out / "log.txt").read_text().splitlines()[-1])


class Configuration(unittest.TestCase):
    """Wrong keys, types and values, through the command: file, line, key, the value found, the values allowed."""

    def check(self, old, new, line, parts):
        text = (folder / "small.yaml").read_text()
        self.assertIn(old, text)
        (folder / "wrong.yaml").write_text(text.replace(old, new))
        out = fresh()
        refused(self, ["train", folder / "wrong.yaml", "--out", out], [f"wrong.yaml:{line}:", *parts], 0, out.parent)

    def test_krum_says_how_many_clients_it_needs(self):
        refused(self, ["train", folder / "small.yaml", "--out", fresh(), *sets(federation__aggregation="krum",
                                                                               federation__clients=4)],
                ["server.faulty: found 1: krum needs more than 2 faulty + 2 = 4 clients that train block 'text/map/weight'",
                 "at most 4 exist"], ranks=0)

    def test_wrong_files(self):
        cases = [("rounds: 3", "round: 3", 4, ["'round'", "federation", "rounds", "clients"]),
                 ("clients: 6", "clients: six", 4, ["federation.clients", "'six'", "whole number"]),
                 ("clients: 6", "clients: -6", 4, ["federation.clients", "'-6'", "0 to"]),
                 ("clients: 6", "clients: 2.5", 4, ["federation.clients", "'2.5'", "whole number"]),
                 ("rounds: 3", "split: random", 4, ["federation.split", "'random'", "iid", "natural"]),
                 ("federation:", "missing: {rate: 2}\nfederation:", 4, ["missing.rate", "'2'", "0 to 1"]),
                 ("federation:", "missing: {rate: {audio: 2}}\nfederation:", 4, ["missing.rate.audio", "'2'"]),
                 ("federation:", "missing: {rate: {smell: 0.1}}\nfederation:", 4, ["'smell'", "missing.rate", "text"]),
                 ("text: {qubits: 2}", "smell: {qubits: 2}", 3, ["'smell'", "model.registers", "text"]),
                 ("[text, audio, vision]", "text", 1, ["data.modalities", "'text'", "list"]),
                 ("client: ", "clint: ", 5, ["'clint'", "client"])]
        for case in cases[:2] if options.quick else cases:
            self.check(*case)

    def test_text_that_is_not_yaml(self):
        (folder / "no.yaml").write_text("data: {file: [\n")
        refused(self, ["train", folder / "no.yaml"], ["no.yaml:2", "not YAML"], 0)
        refused(self, ["train", folder / "nowhere.yaml"], ["nowhere.yaml", "No such file"], 2)

    @slow
    def test_set(self):
        for given, parts in [("client.batch=0", ["--set", "client.batch", "'0'", "1 to"]),
                             ("client.size=3", ["--set", "'size'", "client", "batch"]),
                             ("missing.rate=2", ["--set", "missing.rate", "'2'", "0 to 1"]),
                             ("client.batch", ["--set", "client.batch", "key.path=value"])]:
            refused(self, ["train", folder / "small.yaml", "--set", given], parts, 0)

    def test_selection_without_validation_rows(self):
        def to_train(file):
            split = file["split"][()]
            split[split == 1] = 0
            file["split"][...] = split
        data = edited("no-validation.h5", to_train)
        refused(self, ["train", folder / "small.yaml", "--out", fresh(),
                       *sets(data__file=data, run__select="validation_loss")],
                ["run.select", "no-validation.h5", "no validation rows", "last"], 0)

    @slow
    def test_values_that_do_not_fit_together(self):
        for given, parts in [(["model.loss=mse"], ["model.loss", "mse", "cross_entropy"]),
                             (["data.label=value", "model.loss=cross_entropy"], ["model.loss", "mse"]),
                             (["missing.context=embed", "missing.policy=zero"], ["missing.context", "policy mma"]),
                             (["missing.absent=[smell]"], ["missing.absent", "'smell'", "data.modalities"]),
                             (["model.registers.text.ansatz=best"], ["model.registers.text.ansatz", "'best'", "hea"]),
                             (["federation.clients=0"], ["federation.clients", "natural"])]:
            words = [word for assignment in given for word in ("--set", assignment)]
            refused(self, ["train", folder / "small.yaml", "--out", fresh(), *words], parts, 0)

    def test_ten_lines_are_enough(self):
        (folder / "short.yaml").write_text(f"data: {{file: {folder}/data.h5, modalities: [text, audio]}}\n"
                                           "federation: {rounds: 1}\n")
        self.assertGreater(train("short.yaml")["accuracy"], 0.3)

    @slow
    def test_one_modality_and_sixteen(self):
        self.assertEqual(train(data__modalities="[audio]", model__registers="{}")["rounds"], 3)
        names = [f"m{k}" for k in range(16)]
        path = synth("sixteen.h5", rows=60, modalities=",".join(f"{name}:2" for name in names))
        (folder / "sixteen.yaml").write_text(
            f"data: {{file: {path}, modalities: [{', '.join(names)}]}}\n"
            f"model: {{registers: {{{', '.join(f'{name}: {{qubits: 1}}' for name in names)}}}}}\n"
            "missing: {rate: 0.5}\nfederation: {rounds: 1, clients: 2}\n")
        self.assertEqual(train("sixteen.yaml")["qubits"], 16)


class CommandLine(unittest.TestCase):
    def test_wrong_ones(self):
        cases = [([], "Usage: entente COMMAND"), (["fly"], "unknown command 'fly'"), (["train"], "want a configuration"),
                 (["train", "a.yaml", "b.yaml"], "more than one configuration: 'b.yaml'\n"),
                 (["train", "a.yaml", "client.batch=3"], "'client.batch=3'; an override is --set KEY=VALUE"),
                 (["train", "a.yaml", "--fast"], "--fast"), (["eval"], "result folder"),
                 (["eval", "x", "y", "--data", "z"], "'y'"), (["inspect"], "want a file or a folder"), (["inspect", "a", "b"], "'b'"),
                 (["synth"], "--out")]
        for words, part in cases[:4] if options.quick else cases:
            ran = run(*words)
            self.assertEqual(ran.code, 2, words)
            self.assertIn(part, ran.err)
            self.assertEqual(ran.out, "")

    def test_an_empty_value_is_none(self):
        """As from a script's variable that is not set: nothing is missing, nothing is written."""
        for words, said in [(["train", "a.yaml", "--out"], "--out: found nothing, want DIR"),
                            (["eval", "result", "--missing"], "--missing: found nothing, want NAME"),
                            (["circuit", "a.yaml", "--context"], "--context: found nothing, want NAME"),
                            (["simulate", "a.qasm", "-O"], "--observable: found nothing, want STRING"),
                            (["inspect"], "found an empty argument, want a file or a folder"),
                            (["train", "--out", "x"], "found an empty argument, want a configuration")]:
            ran = run(*words, "")
            self.assertEqual(ran.code, 2, words)
            self.assertIn(said, ran.err)

    def test_a_wrong_value_is_reported_with_its_option(self):
        for words, said in [(["synth", "--rows", "ten"], "--rows: found 'ten', want a whole number from 10 to"),
                            (["synth", "--noise=-1"], "--noise: found '-1', want a number from 0 to"),
                            (["synth", "-rten", "--out", "x"], "-r: found 'ten', want a whole"),
                            (["synth", "more", "-c", "1"], "-c: found '1', want a whole"),
                            (["plateaus", "--ansatz", "hae"], "--ansatz: found 'hae', want one of: basic, strong, hea"),
                            (["import", "digits", "--stats=std,men"], "--stats: found 'men', want one of: mean, std"),
                            (["plan", "--ranks", "0"], "--ranks: found '0', want a whole number from 1 to")]:
            ran = run(*words)
            self.assertEqual(ran.code, 2, words)
            self.assertIn(f" {said}", ran.err)

    def test_one_message_for_all_ranks(self):
        ran = run("train", "--fast", ranks=3)
        self.assertEqual(ran.code, 2)
        self.assertEqual(ran.err.count("unrecognized option"), 1, ran.err)


class Protocols(unittest.TestCase):
    @slow
    def test_the_mechanism_beats_zero_and_drop(self):
        """Mean accuracy over five seeds, 30 % of the modalities missing per client: by more than the spread.  Without
        logit adjustment: with it, the relation between absent modalities and the classes of a client is not learned,
        and zero is only 2.5 points below."""
        data = synth("default.h5")
        found = {}
        for policy in ["mma", "zero", "drop"]:
            found[policy] = numpy.array([self.accuracy(data, policy, seed) for seed in range(1, 6)])
        means = {policy: accuracy.mean() for policy, accuracy in found.items()}
        for policy in ["zero", "drop"]:
            spread = max(found["mma"].std(ddof=1), found[policy].std(ddof=1))
            self.assertGreater(means["mma"] - means[policy], spread, found)
        figures = [f"{policy} {means[policy]:.3f} (sd {found[policy].std(ddof=1):.3f})" for policy in found]
        print("\naccuracy over five seeds:", ", ".join(figures), file=sys.stderr)

    @staticmethod
    def accuracy(data, policy, seed):
        ran = good("train", JOBS / "quickstart.yaml", "--out", fresh(), "--json", "--quiet", ranks=2,
                   *sets(data__file=data, missing__level="client", missing__policy=policy,
                         client__logit_adjustment="false", seeds__split=seed, seeds__masks=10 + seed, seeds__init=20 + seed, seeds__sampling=30 + seed))
        return last_json(ran)["accuracy"]


@unittest.skipUnless(os.environ.get("ENTENTE_DATA"), "set ENTENTE_DATA to the folder of real data sets")
class RealData(unittest.TestCase):
    kept = None

    def accuracy(self, job, file, out=None, **given):
        data = pathlib.Path(os.environ["ENTENTE_DATA"]) / file
        if not data.exists():
            self.skipTest(f"{data} is not there")
        ran = good("train", JOBS / job, "--out", out or fresh(), "--json", "--quiet", *sets(data__file=data, **given),
                   ranks=2)
        return last_json(ran)["accuracy"]

    def mosi(self, out=None, **given):
        return self.accuracy("mosi.yaml", "mosi.h5", out=out, **given)

    def mosi_in_double(self):
        """As shipped, in double: accuracy and folder of a training that two tests use."""
        if not RealData.kept:
            out = fresh()
            RealData.kept = self.mosi(out), out
        return RealData.kept

    @slow
    def test_mosi(self):
        self.assertGreaterEqual(self.mosi_in_double()[0], 0.741)

    @slow
    def test_mosi_by_dirichlet(self):
        accuracy = self.mosi(federation__split="dirichlet_client", federation__alpha=0.5)
        self.assertGreaterEqual(accuracy, 0.721)

    @slow
    def test_single_precision_follows_double(self):
        """Loss and accuracy of every round; single precision differs from double only by rounding."""
        curves = []
        single = fresh()
        self.mosi(single, run__precision="single")
        for out, precision in ((self.mosi_in_double()[1], "double"), (single, "single")):
            with h5py.File(out / "result.h5") as result:
                self.assertIn(f"precision: {precision}", result["config"][()].decode())
                curves.append({name: result["round/" + name][:] for name in ("train_loss", "test_loss", "test_accuracy")})
        double, single = curves
        self.assertGreater(numpy.abs(double["test_loss"] - single["test_loss"]).max(), 0)
        numpy.testing.assert_allclose(single["train_loss"], double["train_loss"], atol=1e-5)
        numpy.testing.assert_allclose(single["test_loss"], double["test_loss"], atol=1e-5)
        numpy.testing.assert_allclose(single["test_accuracy"], double["test_accuracy"], atol=0.003)

    @slow
    def test_mosei_video(self):
        self.assertGreaterEqual(self.accuracy("mosei_video.yaml", "mosei_video.h5"), 0.726)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entente", required=True, help="the command")
    parser.add_argument("--mpiexec", required=True, help="launcher and its flag for the number of ranks")
    parser.add_argument("--quick", action="store_true", help="a few cases of each kind")
    options, rest = parser.parse_known_args()
    options.entente = str(pathlib.Path(options.entente).resolve())
    result = unittest.main(argv=[sys.argv[0], *rest], exit=False).result  # -v names every test
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun == len(result.skipped) else 0)


if __name__ == "__main__":
    main()
