#!/usr/bin/python3
"""What a label is, end to end: classes and real numbers, gaps, units, and runs in which nobody trained.

    python3 tests/test_labels.py --entente build/entente --mpiexec "mpiexec -n" [--quick] [TEST...]"""
import csv
import pathlib
import shutil
import tempfile
import unittest

import test_command as command
from test_command import fresh, good, last_json, refused, sets

if __name__ == "__main__":
    import h5py
    import numpy

CONFIG = """\
data:       {file: DATA, modalities: [text, audio], label: LABEL}
model:      {registers: {text: {qubits: 2}, audio: {qubits: 2}}}
federation: {clients: 4, rounds: 3}
client:     {learning_rate: 0.05}
"""
ROWS, TRAIN, VALIDATION = 200, 140, 20


def setUpModule():
    command.folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-labels-"))


def tearDownModule():
    shutil.rmtree(command.folder)


def write(name, label, values, **more):
    """A data set whose text features say what `values` (of a score and noise) makes of them; its configuration."""
    random = numpy.random.default_rng(1)
    features = random.normal(size=(ROWS, 2))
    with h5py.File(command.folder / f"{name}.h5", "w") as file:
        file["modality/text/features"] = features.astype("f4")
        file["modality/audio/features"] = random.normal(size=(ROWS, 3)).astype("f4")
        file[f"label/{label}"] = values(features[:, 0], random.normal(size=ROWS))
        file["split"] = numpy.repeat(numpy.array([0, 1, 2], "u1"), [TRAIN, VALIDATION, ROWS - TRAIN - VALIDATION])
        for key, value in more.items():
            file[f"label/{key}"] = value
    path = command.folder / f"{name}.yaml"
    path.write_text(CONFIG.replace("DATA", str(command.folder / f"{name}.h5")).replace("LABEL", label))
    return path


def trained(config, *words, ranks=0, **given):
    """The JSON object, with folder, first line and the lines of the log."""
    out = fresh()
    ran = good("train", config, "--out", out, "--json", *words, *sets(**given), ranks=ranks)
    return {**last_json(ran), "out": out, "log": ran.err.splitlines(), "table": ran.out}


def positive(score, noise):
    return (score + noise > 0).astype("f8")


class Task(unittest.TestCase):
    def test_classes_stored_as_floats_are_classes(self):
        """The witness: 0.0 and 1.0 in `class` were a real label whose sign was always right."""
        for kind in ["f8", "f4", "i4"]:
            found = trained(write("float", "class", lambda score, noise: positive(score, noise).astype(kind)))
            zero, one = (int((h5py.File(command.folder / "float.h5")["label/class"][:TRAIN] == c).sum()) for c in (0, 1))
            self.assertEqual(found["log"][0], f"classification, 2 classes (0: {zero}, 1: {one} training rows)")
            self.assertEqual((found["task"], found["classes"]), ("classification", [0, 1]))
            self.assertLess(found["accuracy"], 1.0)
            self.assertIsNone(found["mae"])

    def test_the_task_decides_where_it_is_unclear(self):
        config = write("unclear", "y", positive)  # not called class: numbers, and a hint
        found = trained(config)
        self.assertEqual(found["log"][0], "regression, values 0 to 1")
        self.assertIn("label 'y' holds only 2 whole numbers: data.task: classification takes them as classes", found["log"])
        self.assertIsNone(found["accuracy"])
        found = trained(config, data__task="classification")
        self.assertEqual(found["classes"], [0, 1])
        again = last_json(good("eval", found["out"], "--data", command.folder / "unclear.h5", "--json"))
        self.assertEqual((again["accuracy"], again["classes"]), (found["accuracy"], [0, 1]))
        halves = write("halves", "class", lambda score, noise: positive(score, noise) / 2)
        self.assertEqual(trained(halves)["task"], "regression")
        refused(self, ["train", halves, "--out", fresh(), "--set", "data.task=classification"],
                ["halves.h5", "/label/class, row", "class 0.5, want a whole number", "data.task: regression"], 0)
        refused(self, ["train", halves, "--out", fresh(), "--set", "data.task=both"],
                ["data.task", "'both'", "auto, classification, regression"], 0)
        whole = write("whole", "class", lambda score, noise: numpy.rint(20 + 5 * noise).astype("i4"))
        self.assertEqual(trained(whole, data__task="regression")["task"], "regression")

    def test_one_class_is_nothing_to_learn(self):
        refused(self, ["train", write("one", "class", lambda score, noise: 7 + 0 * score), "--out", fresh()],
                ["one.h5: /label/class is 7 in every row, want 2 classes or more"], 0)


class Real(unittest.TestCase):
    ABSENT = ["accuracy", "accuracy_nonzero", "accuracy5", "accuracy7", "f1_weighted", "f1_macro"]

    def check_absent(self, found):
        """In JSON, table, log, result and the pages: nowhere a figure of classes."""
        self.assertEqual([found[key] for key in self.ABSENT], [None] * 6)
        for text in [found["table"].splitlines()[:-1], found["log"]]:
            self.assertNotIn("ccuracy", "\n".join(text))
            self.assertNotIn("F1", "\n".join(text))
        with h5py.File(found["out"] / "result.h5") as file:
            for name in [f"metrics/{key}" for key in self.ABSENT] + ["round/test_accuracy", "round/test_f1_weighted",
                                                                     "client/accuracy", "pattern/accuracy"]:
                self.assertTrue(numpy.isnan(file[name][:]).all(), name)
            self.assertFalse(numpy.isnan(file["pattern/mae"][:]).any())
        for pattern in found["patterns"]:
            self.assertIsNone(pattern["accuracy"])
            self.assertGreater(pattern["mae"], 0)
        page = good("report", found["out"], "--text").out
        self.assertNotRegex(page, r"(?m)^.*(F1|[Aa]ccuracy).*\b[01]\.\d")

    def test_a_target_of_one_sign_has_no_accuracy(self):
        """The witness: 20 +- 5 had accuracy 1 from the first round on."""
        for name, values in [("twenty", lambda score, noise: 20 + 5 * noise), ("cold", lambda s, n: -20 + n),
                             ("beyond", lambda score, noise: 4 * noise)]:
            found = trained(write(name, "value", values))
            self.check_absent(found)
            self.assertRegex(found["log"][0], r"^regression, values -?\d.* to -?\d")
            self.assertTrue(any("mae" in line for line in found["log"] if line.startswith("round 3")))
        again = good("eval", found["out"], "--data", command.folder / "beyond.h5", "--json")
        self.assertEqual([last_json(again)[key] for key in self.ABSENT], [None] * 6)

    def test_a_sentiment_has(self):
        found = trained(write("sentiment", "value", lambda score, noise: numpy.clip(2 * score + noise, -3, 3)))
        self.assertTrue(all(0 < found[key] < 1 for key in self.ABSENT), found)

    def test_a_class_beside_a_value_that_is_no_sentiment(self):
        for low, there in [(-3, True), (10, False)]:
            config = write("beside", "class", positive, value=numpy.linspace(low, low + 6, ROWS))
            self.assertEqual(trained(config)["accuracy_nonzero"] is not None, there)

    def test_figures_are_in_the_labels_unit(self):
        """After 200 rounds 20 +- 5 is predicted better than by a constant, whatever the unit; before it was the bias alone
        that had to walk to 20."""
        plain = lambda score, noise: 4 * numpy.tanh(score) + 2 * noise
        found = {}
        for name, offset, unit in [("near", 20, 1), ("far", 1e4, 1), ("small", 2e-7, 1e-8)]:
            config = write(name, "value", lambda score, noise: offset + unit * plain(score, noise))
            found[name] = trained(config, federation__rounds=60, federation__evaluate_every=20)
            with h5py.File(command.folder / f"{name}.h5") as file:
                label = file["label/value"][:]
            constant = numpy.abs(label[TRAIN + VALIDATION:] - label[:TRAIN].mean()).mean()
            self.assertLess(found[name]["mae"], 0.9 * constant, name)
            self.assertGreaterEqual(found[name]["loss"] ** 0.5, found[name]["mae"])
            with h5py.File(found[name]["out"] / "result.h5") as file:
                numpy.testing.assert_allclose(file["label/standard"], [label[:TRAIN].mean(), label[:TRAIN].std()], 1e-12)
                self.assertLess(file["round/train_loss"][-1], label[:TRAIN].var())
                rows, output = file["part/test/row"][:], file["test/output"][:, 0]
            self.assertAlmostEqual(numpy.abs(label[rows] - output).mean() / found[name]["mae"], 1, 12)
            again = last_json(good("eval", found[name]["out"], "--data", command.folder / f"{name}.h5", "--json"))
            self.assertAlmostEqual(again["mae"] / found[name]["mae"], 1, 12)
        self.assertAlmostEqual(found["far"]["mae"], found["near"]["mae"], 4)

    def test_the_same_bits_on_any_layout(self):
        config = write("bits", "value", lambda score, noise: 1e3 + 7 * score + noise)
        for given in [{}, {"model__head": "direct"}, {"model__kind": "late", "personal__epochs": 1}]:
            alone, together = trained(config, **given), trained(config, ranks=3, **given)
            for key in ["weights_sha256", "mae", "loss", "pearson"]:
                self.assertEqual(alone[key], together[key], (given, key))


class Gaps(unittest.TestCase):
    def test_outputs_are_the_classes_that_occur(self):
        """The witness: classes 3 and 10 made eleven outputs."""
        for low, high in [(3, 10), (1, 2), (0, 5000)]:
            config = write("gaps", "class", lambda score, noise: numpy.where(score > 0, high, low))
            plain = trained(write("plain", "class", lambda score, noise: numpy.where(score > 0, 1, 0)))
            found = trained(config)
            self.assertIn(f"the classes' numbers have gaps: outputs 0 to 1 are classes {low}, {high}", found["log"])
            self.assertEqual(found["classes"], [low, high])
            for key in ["params", "weights_sha256", "loss", "accuracy"]:
                self.assertEqual(found[key], plain[key], key)
            with h5py.File(found["out"] / "result.h5") as file:
                self.assertEqual(list(file["label/class_name"]), [low, high])
                self.assertEqual(file["test/output"].shape[1], 2)
            again = last_json(good("eval", found["out"], "--data", command.folder / "gaps.h5", "--json"))
            self.assertEqual((again["loss"], again["classes"]), (found["loss"], [low, high]))

    def test_a_class_without_a_training_row_is_named(self):
        def only_tested(score, noise):
            label = numpy.where(score > 0, 4, 2)
            label[-3:] = 9
            return label
        found = trained(write("unseen", "class", only_tested))
        self.assertEqual(found["classes"], [2, 4, 9])
        self.assertIn("class 9 has no training row: its 0 validation and 3 test rows cannot be predicted right", found["log"])

    def test_another_class_than_those_of_the_training_is_refused(self):
        found = trained(write("known", "class", lambda score, noise: numpy.where(score > 0, 10, 3)))
        write("other", "class", lambda score, noise: numpy.where(score > 0, 10, 4))
        refused(self, ["eval", found["out"], "--data", command.folder / "other.h5"],
                ["other.h5: /label/class, row", "class 4, the trained model knows: 3, 10"], 0)


class Evaluated(unittest.TestCase):
    def test_other_numbers_of_features_are_named(self):
        for reduce in ["pca", "linear", "random"]:
            found = trained(write("width", "class", positive), model__registers__audio__reduce=reduce)
            with h5py.File(command.folder / "width.h5", "r+") as file:
                del file["modality/audio/features"]
                file["modality/audio/features"] = numpy.zeros((ROWS, 5), "f4")
            refused(self, ["eval", found["out"], "--data", command.folder / "width.h5"],
                    ["width.h5: modality 'audio' has 5 features, this model was trained on 3"], 0)

    def test_the_data_set_of_the_training_is_the_default(self):
        found = trained(write("default", "class", positive))
        self.assertEqual(last_json(good("eval", found["out"], "--json"))["loss"], found["loss"])
        (command.folder / "default.h5").unlink()
        refused(self, ["eval", found["out"]], ["default.h5", "No such file"], 0)

    def test_missing_may_be_given_again(self):
        out = trained(write("again", "class", positive))["out"]
        both, twice = (last_json(good("eval", out, "--json", *words))["patterns"] for words in
                       (["--missing", "text,audio"], ["--missing", "audio", "--missing", "text"]))
        self.assertEqual(both, twice)
        refused(self, ["eval", out, "--missing", "audio", "--missing", "smell"], ["found 'smell'", "text, audio"], 0)


class Circuits(unittest.TestCase):
    HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\ninput array[float[64], 2] theta;\n'
    REST = "ry(theta[0]) q[0];\nry(theta[1]) q[1];\ncx q[0], q[1];\n"

    def test_a_circuit_that_does_not_read_its_data_is_refused(self):
        """The witness reads nothing, which reduce: linear let pass; the others leave out a part of the data."""
        config = write("circuit", "class", positive)
        for text, part in [("", "the circuit reads no data"),
                           ("input array[float[64], 2] x;\nry(x[0]) q[0];\n", "data input 2 of 2"),
                           ("input float x0;\ninput float x1;\nry(x1) q[0];\n", "data input 1 of 2"),
                           ("input float x0;\nry(0*x0) q[0];\n", "data input 1 of 1")]:
            (command.folder / "blind.qasm").write_text(self.HEAD + text + self.REST)
            for reduce in ["linear", "pca"]:
                refused(self, ["train", config, "--out", fresh(), *sets(
                    model__registers__text__ansatz="blind.qasm", model__registers__text__reduce=reduce)],
                    ["blind.qasm: ", part], 0)
        (command.folder / "seeing.qasm").write_text(
            self.HEAD + "input array[float[64], 2] x;\nry(x[0]) q[0];\nry(x[1]) q[1];\n" + self.REST)
        trained(config, model__registers__text__ansatz="seeing.qasm", model__registers__text__reduce="linear")


class Untrained(unittest.TestCase):
    def test_a_run_in_which_nobody_trained(self):
        """The witness: no client meets the deadline; others: all drop out for lack of availability, updates too old."""
        config = write("untrained", "class", positive)
        for given, count in [({"system__deadline_s": "1e-9"}, 3), ({"federation__rounds": 0}, 0), ({}, 0)]:
            found = trained(config, **given)
            self.assertEqual(found["untrained_rounds"], count, given)
            with h5py.File(found["out"] / "result.h5") as file:
                self.assertEqual(list(file["untrained_rounds"]), [count])
            warned = f"warning: no client trained in {count} of 3 rounds"
            self.assertEqual(warned in found["table"] and warned in found["log"], count > 0, given)

    def test_some_rounds_without_a_client(self):
        """One row, so that of eight clients seven have none, and a round draws one of them."""
        config = write("lonely", "class", positive)
        with h5py.File(command.folder / "lonely.h5", "r+") as file:
            file["split"][2:TRAIN] = 1
        found = trained(config, federation__clients=8, federation__participation=0.125, federation__rounds=8)
        self.assertTrue(0 < found["untrained_rounds"] < 8, found["untrained_rounds"])
        self.assertNotIn("initial weights", found["table"])

    def test_it_has_a_status_of_its_own_in_a_sweep_and_is_no_seed_of_a_study(self):
        write("swept", "class", positive)
        (command.folder / "swept-sweep.yaml").write_text("base: swept.yaml\ngrid: {system.deadline_s: [0.0, 1.0e-9]}\n")
        out = fresh()
        ran = good("sweep", command.folder / "swept-sweep.yaml", "--out", out, "--json")
        self.assertEqual([last_json(ran)[key] for key in ["done", "failed", "untrained"]], [1, 0, 1])
        self.assertIn("untrained", ran.out)
        with open(out / "table.csv", newline="") as lines:
            rows = list(csv.DictReader(lines))
        self.assertEqual([row["status"] for row in rows], ["done", "untrained"])
        self.assertIn("no client trained", rows[1]["error"])
        (command.folder / "swept-study.yaml").write_text(
            "base: swept.yaml\nvariants: {free: {}, late: {set: {system.deadline_s: 1.0e-9}}}\nseeds: [1, 2]\n")
        out = fresh()
        good("study", command.folder / "swept-study.yaml", "--out", out, "--quiet")
        with open(out / "summary.csv", newline="") as lines:
            summary = {row["variant"]: row for row in csv.DictReader(lines)}
        self.assertEqual((summary["free"]["n"], summary["late"]["n"], summary["late"]["mean"]), ("2", "0", ""))


if __name__ == "__main__":
    command.main()
