#!/usr/bin/python3
"""Labels, end to end: classes and real numbers, gaps, units, and runs in which no client trained.

    python3 tests/test_labels.py --entente build/entente --mpiexec "mpiexec -n" [--quick] [TEST...]"""
import csv
import pathlib
import re
import shutil
import tempfile
import unittest

import notes
import test_command as command
from test_command import fresh, good, last_json, refused, run, sets

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
    """A data set whose text features determine `values` (a function of score and noise); its configuration."""
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
        config = write("unclear", "y", positive)  # not named class: numbers, and a hint
        found = trained(config)
        self.assertEqual(found["log"][0], "regression, values 0 to 1")
        self.assertIn("label 'y' holds only 2 whole numbers: data.task: classification reads them as classes", found["log"])
        self.assertIsNone(found["accuracy"])
        found = trained(config, data__task="classification")
        self.assertEqual(found["classes"], [0, 1])
        again = last_json(good("eval", found["out"], "--data", command.folder / "unclear.h5", "--json"))
        self.assertEqual((again["accuracy"], again["classes"]), (found["accuracy"], [0, 1]))
        signs = trained(write("signs", "class", lambda score, noise: 2 * positive(score, noise) - 1))
        self.assertIn("label 'class' holds only -1 and 1: are these classes?  They are numbered from 0", signs["log"])
        halves = write("halves", "class", lambda score, noise: positive(score, noise) / 2)
        self.assertEqual(trained(halves)["task"], "regression")
        refused(self, ["train", halves, "--out", fresh(), "--set", "data.task=classification"],
                ["halves.h5", "/label/class, row", "class 0.5, want a whole number", "data.task: regression"], 0)
        refused(self, ["train", halves, "--out", fresh(), "--set", "data.task=both"],
                ["data.task", "'both'", "auto, classification, regression"], 0)
        whole = write("whole", "class", lambda score, noise: numpy.rint(20 + 5 * noise).astype("i4"))
        self.assertEqual(trained(whole, data__task="regression")["task"], "regression")

    def test_keys_that_are_set_and_not_read_are_reported(self):
        config = write("unread", "class", positive)
        found = trained(config, run__patience=3, client__step_rounds=2)
        self.assertIn("without effect: client.step_rounds (only with client.schedule: step), run.patience (only with "
                      "run.select: validation_loss, validation_accuracy)", found["log"])
        scaled = "without effect: devices.noise and devices.spread, as all strengths of noise are 0"
        self.assertIn(scaled, trained(config, devices__noise="0, 5")["log"])
        self.assertNotIn(scaled, trained(config, devices__noise="2", noise__readout__p01=0.1)["log"])
        self.assertNotIn("without effect", "\n".join(trained(config, run__patience=3, run__select="validation_loss")["log"]))

    def test_one_class_is_nothing_to_learn(self):
        refused(self, ["train", write("one", "class", lambda score, noise: 7 + 0 * score), "--out", fresh()],
                ["one.h5: /label/class is 7 in every row, want 2 classes or more"], 0)


class Real(unittest.TestCase):
    ABSENT = ["accuracy", "accuracy_nonzero", "accuracy5", "accuracy7", "f1_weighted", "f1_macro"]

    def check_absent(self, found):
        """JSON, table, log, result and pages: none has a figure of classes."""
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
        self.assertNotIn("classes by client", page)
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

    def test_a_class_with_a_value_that_is_not_a_sentiment(self):
        for low, there in [(-3, True), (10, False)]:
            config = write("beside", "class", positive, value=numpy.linspace(low, low + 6, ROWS))
            self.assertEqual(trained(config)["accuracy_nonzero"] is not None, there)

    def test_figures_are_in_the_labels_unit(self):
        """After 200 rounds 20 +- 5 is predicted better than by a constant, whatever the unit; in the past only the bias
        moved, slowly, to 20."""
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
            self.assertEqual(again["mae"], found[name]["mae"])
        self.assertAlmostEqual(found["far"]["mae"], found["near"]["mae"], 4)

    def test_a_better_constant_is_reported(self):
        """The witness: of noise about 20 a model had a mean absolute error of 5.02, a constant 4.23."""
        said = set()
        for name, values, more in [("noise", lambda score, noise: 20 + 5 * noise, {}),
                                   ("noise", lambda score, noise: 20 + 5 * noise, {"run__select": "validation_loss"}),
                                   ("signal", lambda score, noise: 20 + 5 * score, {})]:
            found = trained(write(name, "value", values), federation__rounds=200, client__learning_rate=0.3, **more)
            with h5py.File(command.folder / f"{name}.h5") as file:
                label = file["label/value"][:]
            distance = label[TRAIN:TRAIN + VALIDATION] - label[:TRAIN].mean()
            constant = found["constant_validation"]
            self.assertAlmostEqual(constant["loss"] / (distance ** 2).mean(), 1, 12)
            self.assertAlmostEqual(constant["mae"] / abs(distance).mean(), 1, 12)
            worse = found["validation_loss"] > constant["loss"]
            line = f"warning: worse than a constant on the 20 validation rows: loss {found['validation_loss']:.4g}, "
            self.assertEqual((line in found["table"], line in "\n".join(found["log"])), (worse, worse), (name, more))
            said.add((name, *more, worse))
        self.assertEqual(said, {("noise", True), ("noise", "run__select", False), ("signal", False)})

    def test_a_better_most_frequent_class_is_reported(self):
        said = set()
        for name, values in [("rare", lambda score, noise: numpy.digitize(noise, [0.6, 1.2])), ("clear", positive)]:
            found = trained(write(name, "class", values), federation__rounds=200, client__learning_rate=0.3)
            with h5py.File(command.folder / f"{name}.h5") as file:
                label = file["label/class"][:].astype(int)
            right = label[TRAIN:TRAIN + VALIDATION] == numpy.bincount(label[:TRAIN]).argmax()
            self.assertAlmostEqual(found["constant_validation"]["accuracy"], right.mean(), 12)
            worse = found["validation_accuracy"] < right.mean()
            line = f"the most frequent class has {right.mean():.4g}"
            self.assertEqual((line in found["table"], line in "\n".join(found["log"])), (worse, worse), name)
            said.add((name, worse))
        self.assertEqual(said, {("rare", True), ("clear", False)})

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
            self.assertIn(f"the class numbers have gaps: outputs 0 to 1 are classes {low}, {high}", found["log"])
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
        self.assertIn("class 9 has no training row: its 0 validation and 3 test rows cannot be predicted correctly", found["log"])

    def test_another_class_than_those_of_the_training_is_refused(self):
        found = trained(write("known", "class", lambda score, noise: numpy.where(score > 0, 10, 3)))
        write("other", "class", lambda score, noise: numpy.where(score > 0, 10, 4))
        refused(self, ["eval", found["out"], "--data", command.folder / "other.h5"],
                ["other.h5: /label/class, row", "class 4, the trained model knows: 3, 10"], 0)


class Evaluated(unittest.TestCase):
    def test_other_numbers_of_features_are_named(self):
        for reduce in ["pca", "linear", "random"]:
            found = trained(write("width", "class", positive), model__registers__audio__reduce=reduce,
                            model__registers__audio__angles=1)
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

    def test_the_masks_of_the_training_give_its_figures(self):
        """By row and by client, rows that are skipped or not predicted; without them the figures differ."""
        config = write("masked", "class", positive)
        for given in [{"missing__rate": 0.5}, {"missing__rate": 0.4, "missing__level": "client", "missing__empty": "skip"},
                      {"missing__rate": 0.3, "missing__policy": "drop"}, {"missing__level": "exclusive"}]:
            found = trained(config, **given)
            again = last_json(good("eval", found["out"], "--json", "--masks", "training"))
            plain = last_json(good("eval", found["out"], "--json", "--masks", "none"))
            for key in ["loss", "accuracy", "f1_weighted", "patterns"]:
                self.assertEqual(again[key], found[key], (given, key))
            self.assertNotEqual(plain["patterns"], found["patterns"])
        spread = last_json(good("eval", found["out"], "--json", "--masks", "training", "--missing", "audio"))["patterns"]
        self.assertLessEqual({tuple(pattern["present"]) for pattern in spread}, {("text",), ()})
        ran = run("eval", found["out"], "--masks", "training", "--all")
        self.assertEqual(ran.code, 2)
        self.assertIn("--masks training: found --all", ran.err)

    def test_predictions_are_written(self):
        """One per row, in the order of the data set, the same in both kinds of file; the figures follow from them."""
        found = trained(write("predicted", "class", lambda score, noise: numpy.where(score + noise > 0, 10, 3)),
                        missing__rate=0.4, missing__level="client")
        with h5py.File(command.folder / "predicted.h5") as file:
            label, split = file["label/class"][:], file["split"][:]
        for words, rows in [(["--all"], numpy.arange(ROWS)), ([], numpy.flatnonzero(split == 2)),
                            (["--masks", "training"], numpy.flatnonzero(split == 2))]:
            out = fresh()
            out.mkdir()
            ran = last_json(good("eval", found["out"], "--json", *words, "--predictions", out / "p.csv"))
            good("eval", found["out"], *words, "--predictions", out / "p.h5", ranks=2)
            self.assertEqual(notes.without_notes(out / "p.h5"), [])
            with open(out / "p.csv", newline="") as lines:
                table = list(csv.DictReader(lines))
            with h5py.File(out / "p.h5") as file:
                there = {name: file[name][:] for name in file}
            self.assertEqual([int(line["row"]) for line in table], list(rows))
            self.assertEqual([int(line["label"]) for line in table], list(label[rows]))
            self.assertEqual([["train", "validation", "test"].index(line["split"]) for line in table], list(split[rows]))
            self.assertEqual(list(there["class_name"]), [3, 10])
            for name, columns in [("output", ["output_3", "output_10"]), ("probability", ["probability_3", "probability_10"])]:
                numpy.testing.assert_array_equal(there[name], [[float(line[c]) for c in columns] for line in table])
            for name in ["row", "label", "predicted"]:
                self.assertEqual(list(there[name]), [int(line[name]) for line in table])
            self.assertEqual("client" in table[0], "--masks" in words)
            numpy.testing.assert_allclose(there["probability"].sum(axis=1), 1, 1e-12)
            true = there["probability"][numpy.arange(len(rows)), (label[rows] == 10).astype(int)]
            self.assertAlmostEqual(-numpy.log(true).mean(), ran["loss"], 12)
            self.assertAlmostEqual((there["predicted"] == there["label"]).mean(), ran["accuracy"], 12)
        with h5py.File(found["out"] / "result.h5") as file:
            order = numpy.argsort(file["part/test/row"][:])
            self.assertEqual(list(there["client"]), list(file["part/test/client"][:][order]))
            numpy.testing.assert_array_equal(there["output"], file["test/output"][:][order])

    def test_predictions_of_a_number(self):
        found = trained(write("number", "value", lambda score, noise: 20 + 5 * score))
        out = fresh()
        out.mkdir()
        ran = last_json(good("eval", found["out"], "--json", "--predictions", out / "p.csv"))
        with open(out / "p.csv", newline="") as lines:
            table = list(csv.DictReader(lines))
        self.assertEqual(list(table[0]), ["row", "split", "label", "predicted"])
        self.assertAlmostEqual(numpy.mean([abs(float(line["label"]) - float(line["predicted"])) for line in table]), ran["mae"], 10)

    def test_predictions_never_overwrite_and_are_whole_or_absent(self):
        found = trained(write("kept", "class", positive))
        data = (command.folder / "kept.h5").read_bytes()
        refused(self, ["eval", found["out"], "--predictions", command.folder / "kept.h5"],
                ["kept.h5: exists", "--predictions"], 0)
        self.assertEqual((command.folder / "kept.h5").read_bytes(), data)
        for name, part, code in [("p.txt", "want a file that ends in .csv or .h5", 2), (".csv", ".csv or .h5", 2),
                                 ("nowhere/p.csv", "nowhere/p.csv: cannot be written", 1)]:
            ran = run("eval", found["out"], "--predictions", name)
            self.assertEqual(ran.code, code, ran.err)
            self.assertIn(part, ran.err)
        refused(self, ["eval", found["out"], "--predictions", "/proc/p.h5"], ["/proc/p.h5"], 0)

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
        """The first circuit reads no data, which reduce: linear accepted; the others leave out a part of the data."""
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

    def test_data_that_change_only_a_phase_are_refused(self):
        """The data are in gates, and yet no readout, or not even the state, depends on them."""
        config = write("phase", "class", positive)
        mixed = "ry(theta[0]) q[0];\nrx(theta[1]) q[1];\n"
        for text, layers, wrong in [
                ("rz(x[0]) q[0];\nrz(x[1]) q[1];\n" + mixed, 1, "a phase of the whole state"),
                ("cx q[0], q[1];\ncp(x[0]) q[0], q[1];\nrz(x[1]) q[1];\nh q[0];\ns q[0];\nsx q[1];\nt q[1];\n" + mixed, 1, "phase"),
                ("ry(x[0]) q[0];\nrz(x[1]) q[1];\nry(-x[0]) q[0];\n" + mixed, 0, "no <Z> of a qubit"),
                (mixed + "rz(x[0]) q[0];\ncp(x[1]) q[0], q[1];\n", 0, "no <Z> of a qubit"),
                (mixed + "rz(x[0]) q[0];\ncp(x[1]) q[0], q[1];\n", 1, None),
                ("h q[0];\nsx q[1];\ns q[1];\nrz(x[0]) q[0];\nrz(x[1]) q[1];\ntdg q[0];\n" + mixed, 0, None)]:
            (command.folder / "phase.qasm").write_text(self.HEAD + "input array[float[64], 2] x;\n" + text)
            words = sets(model__registers__text__ansatz="phase.qasm", model__fusion__layers=layers)
            if wrong:
                refused(self, ["train", config, "--out", fresh(), *words], ["phase.qasm: its data inputs", wrong], 0)
            else:
                good("train", config, "--out", fresh(), "--quiet", *words)


class Paths(unittest.TestCase):
    """A file that another one names is searched in the working folder, then in the folder of the other."""

    def setUp(self):
        self.top = fresh()
        (self.top / "jobs").mkdir(parents=True)
        config = write("paths", "class", positive)
        text = config.read_text()
        (self.top / "jobs/paths.yaml").write_text(re.sub(r"file: [^,}\n]+", "file: own.h5", text, count=1))
        config.unlink()  # it would be preferred
        (command.folder / "paths.h5").rename(self.top / "jobs/own.h5")

    def test_the_configurations_data(self):
        train = ["train", self.top / "jobs/paths.yaml", "--quiet", "--json", "--out"]
        found = last_json(good(*train, self.top / "out"))
        good("plan", self.top / "jobs/paths.yaml")
        again = last_json(good("eval", self.top / "out", "--json"))
        self.assertEqual(again["loss"], found["loss"])
        (self.top / "jobs/own.h5").rename(self.top / "away.h5")
        for words in [[*train, fresh()], ["plan", self.top / "jobs/paths.yaml"]]:
            refused(self, words, ["data.file: own.h5: No such file", "working folder", f"{self.top}/jobs/own.h5"], 0)
        good(*train, self.top / "out", "--resume")  # it is finished

    def test_a_results_data_beside_it(self):
        (self.top / "jobs/own.h5").rename(command.folder / "own.h5")
        good("train", self.top / "jobs/paths.yaml", "--quiet", "--out", self.top / "out")
        loss = last_json(good("eval", self.top / "out", "--json"))["loss"]
        (command.folder / "own.h5").rename(self.top / "out/own.h5")
        self.assertEqual(last_json(good("eval", self.top / "out", "--json"))["loss"], loss)
        (self.top / "out/own.h5").rename(self.top / "away.h5")
        refused(self, ["eval", self.top / "out"], ["data.file: own.h5: No such file", f"{self.top}/out/own.h5"], 0)

    def test_sweeps_and_studies(self):
        """The base from the working folder or beside the sweep; the data next to the file that names them, whose folder
        is not part of the point."""
        spec = self.top / "jobs/sweep.yaml"
        spec.write_text("base: paths.yaml\ngrid: {client.epochs: [1]}\n")
        out = self.top / "swept"
        self.assertEqual(last_json(good("sweep", spec, "--out", out, "--json"))["done"], 1)
        hashes = [path.name for path in (out / "points").glob("*.json")]
        shutil.copy(self.top / "jobs/own.h5", command.folder / "own.h5")
        self.assertEqual(last_json(good("sweep", spec, "--out", out, "--json"))["done"], 1)
        self.assertEqual([path.name for path in (out / "points").glob("*.json")], hashes)
        (command.folder / "own.h5").unlink()
        (self.top / "jobs/own.h5").rename(self.top / "elsewhere.h5")
        set_ = self.top / "set.yaml"
        set_.write_text("base: jobs/paths.yaml\nset: {data.file: elsewhere.h5}\nvariants: {one: {}}\nseeds: [1]\n")
        self.assertEqual(last_json(good("study", set_, "--out", fresh(), "--json"))["done"], 1)
        (self.top / "elsewhere.h5").rename(self.top / "away.h5")
        run("study", set_, "--out", self.top / "failed", "--quiet")
        self.assertIn(f"{self.top}/elsewhere.h5", (self.top / "failed/study.csv").read_text())
        set_.write_text("base: nowhere.yaml\nvariants: {one: {}}\nseeds: [1]\n")
        refused(self, ["study", set_, "--out", fresh()], ["nowhere.yaml: No such file", f"{self.top}/nowhere.yaml"], 0)


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
        found = trained(config, system__deadline_s="1e-9", privacy__mode="central")
        self.assertIn("these are the initial weights and noise", found["table"])

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
