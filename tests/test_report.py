#!/usr/bin/python3
"""`entente report` and `entente scaling`: what they write, what they refuse, and how the page looks in a browser.

    python3 tests/test_report.py ENTENTE MPIEXEC NUMPROC_FLAG [TEST...] [--shots FOLDER]

Browser: headless Chromium by chromedriver, over its HTTP protocol; --shots keeps screenshots.  Where Chromium cannot be
started, tests of class Browser are skipped (77)."""
import base64
import csv
import html.parser
import itertools
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree

try:
    import h5py
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; env/debian.sh --tests installs it")
    sys.exit(77)

import older

ENTENTE, MPIEXEC, NUMPROC = sys.argv[1:4]
SHOTS = None
folder = None
CONFIG = """\
data:       {file: DATA, modalities: [text, audio, vision], label: class}
model:
  registers: {text: {qubits: 2}, audio: {qubits: 3, ansatz: strong}, vision: {qubits: 2}}
  readout:   zz
missing:    {level: client, rate: 0.3, policy: mma}
federation: {clients: 12, split: dirichlet_client, alpha: 0.5, rounds: 7}
client:     {learning_rate: 0.05}
"""


VARIANTS = ["mma_with_dropout", "zero", "mean_filling", "drop", "token", "imputed_by_neighbours", "only_text",
            "logistic_regression", "perceptron_of_equal_size", "fusion_none"]


def run(*words, ranks=0, code=0):
    start = [*MPIEXEC.split(), NUMPROC, str(ranks)] if ranks else []
    process = subprocess.Popen([*start, ENTENTE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, text=True, cwd=folder, start_new_session=True)
    try:
        out, err = process.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError(f"hangs: {words}") from None
    if process.returncode != code:
        raise AssertionError(f"exit code {process.returncode}, want {code}, of {words}\n{out}\n{err}")
    return out if code == 0 else err


def train(out, *sets, config="run.yaml"):
    run("train", folder / config, "--quiet", "--out", folder / out, *[w for s in sets for w in ("--set", s)], ranks=1)
    return folder / out


def altered(name, change):
    """A copy of a run, in whose result `change` has edited the open file."""
    shutil.copytree(runs()[0], folder / name)
    older.unseal(folder / name / "result.h5")
    with h5py.File(folder / name / "result.h5", "a") as file:
        change(file)
    return folder / name


def write_sweep(name):
    """A table as `entente sweep` writes it: two keys, two seeds, one failed point."""
    (folder / name).mkdir()
    with open(folder / name / "table.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["missing.policy", "missing.rate", "seeds.init", "status", "error", "accuracy", "loss",
                        "train_s"])
        for policy in ("mma", "zero"):
            for rate in (0.1, 0.3, 0.5):
                for seed in (1, 2):
                    good = 0.8 - (0.2 if policy == "mma" else 0.5) * rate + 0.01 * seed
                    table.writerow([policy, rate, seed, "done", "", f"{good:.4f}", "0.5", "1.5"])
        table.writerow(["drop", 0.1, 1, "failed", "no row <b>left</b>, none", "", "", ""])


def write_csv(path, head, lines):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([head, *lines])


def write_study(name, settings=("iid", "noniid"), rates=(0, 0.3), variants=("mma", "zero"), seeds=(1, 2),
                modalities=("text", "audio", "vision")):
    """As `entente study` writes it: points, summary and the figures of subsets; the first variant is the reference."""
    (folder / name).mkdir()
    draw = random.Random(5)
    cells = list(itertools.product(settings, rates, variants))
    good = {}
    for setting, rate, variant in cells:
        at = variants.index(variant)
        good[setting, rate, variant] = [0.7 - 0.1 * settings.index(setting) - rate * (0.2 + 0.2 * min(at, 1) + 0.05 * at) + 0.01 * seed
                                        for seed in seeds]
    points, patterns, summary = [], [], []
    for (cell, figures) in good.items():
        for seed, figure in zip(seeds, figures):
            points.append([len(points), "mosi", *cell, seed, "done", "", 240, 0.5, figure, 9, "ab" * 32])
            subsets = {"+".join(m for m in modalities if draw.random() > cell[1]) or "nothing" for _ in range(30)}
            patterns += [[len(points) - 1, "mosi", *cell, seed, subset, 10, figure, ""] for subset in sorted(subsets)]
        pairs = [a - b for a, b in zip(figures, good[cell[0], cell[1], variants[0]])]
        mean, other = sum(figures) / len(figures), cell[2] != variants[0]
        summary.append(["mosi", *cell, len(seeds), mean, 0.007, len(seeds) if other else 0,
                        *([sum(pairs) / len(pairs), min(pairs) - 0.01, max(pairs) + 0.01, 0.5] if other else 4 * [""]),
                        "accuracy", variants[0]])
    axes = "point data setting rate variant seed".split()
    write_csv(folder / name / "study.csv", axes + "status error n loss accuracy params config_sha256".split(), points)
    write_csv(folder / name / "patterns.csv", axes + "present n accuracy mae".split(), patterns)
    write_csv(folder / name / "summary.csv",
              "data setting rate variant n mean deviation pairs difference low high p metric reference".split(), summary)


def write_scaling(name):
    """T(p) = 0.1 + 4 / p + 0.01 log2 p, three repeats."""
    (folder / name).mkdir()
    with open(folder / name / "scaling.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow("what mode name ranks threads shards clients qubits repeat work bytes seconds compute_s "
                       "communicate_s wait_s evaluate_s io_s".split())
        for ranks in (1, 2, 4, 8):
            for repeat in range(3):
                seconds = (0.1 + 4 / ranks + 0.01 * math.log2(ranks)) * (1 + 0.01 * (repeat - 1))
                table.writerow(["clients", "strong", "made", ranks, 1, 1, 64, 0, repeat, 1000, 0, seconds, 4 / ranks,
                                0.01 * math.log2(ranks), 0.1, 0.05, 0.02])


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="r-"))
    run("synth", "--out", folder / "data.h5", "--rows", 900)
    (folder / "run.yaml").write_text(CONFIG.replace("DATA", str(folder / "data.h5")))
    for policy in ("mma", "zero"):
        for rate in (0.1, 0.5):
            for seed in (1, 2, 3):
                train(f"{policy}-{rate}-{seed}", f"missing.policy={policy}", f"missing.rate={rate}",
                      f"seeds.init={seed}", f"seeds.split={seed}")
    write_sweep("sweep")
    write_study("study")
    write_study("wide-study", rates=(0, 0.1, 0.3, 0.5), variants=VARIANTS, seeds=(1, 2, 3),
                modalities=[f"sensor{k}" for k in range(16)])
    run("synth", "--out", folder / "words.h5", "--rows", 900, "--classes", 4)
    with h5py.File(folder / "words.h5", "a") as file:
        file["class_name"] = numpy.array([b"zero & nought", b"one", b"two, or more", b"three"], dtype="S16")
    train("words", f"data.file={folder / 'words.h5'}", "federation.rounds=5", "federation.evaluate_every=2")
    write_scaling("made")


def tearDownModule():
    shutil.rmtree(folder)


def runs():
    return sorted(str(p) for p in folder.glob("*-0.*-*") if p.is_dir())


def page_of(*folders):
    path = folder / f"page-{time.monotonic_ns()}.html"
    run("report", *folders, "--out", path)
    return path


class Outline(html.parser.HTMLParser):
    """Figures with their texts, and every attribute that could fetch something."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.figures, self.links, self.stack = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "figure":
            self.figures.append({"kind": attributes["class"], "h3": "", "figcaption": "", "labels": [], "text": ""})
        for name in ("src", "href", "action", "data", "xlink:href"):
            if name in attributes:
                self.links.append(attributes[name])
        self.stack.append((tag, attributes.get("class") or ""))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not self.figures or "figure" not in [tag for tag, _ in self.stack]:
            return
        figure, (tag, kind) = self.figures[-1], self.stack[-1]
        figure["text"] += data + " "
        if tag in ("h3", "figcaption"):
            figure[tag] += data
        if kind in ("x-label", "y-label"):
            figure["labels"].append((kind, data))


class Computes(unittest.TestCase):
    def outline(self, *folders):
        return Outline(page_of(*folders).read_text())

    def test_every_figure_has_title_labels_units_and_caption(self):
        figures = self.outline(*runs(), "sweep", "study", "made").figures
        self.assertGreater(len(figures), 20)
        for figure in figures:
            self.assertTrue(figure["h3"].strip() and figure["figcaption"].strip(), figure)
            if figure["kind"] != "table":
                self.assertEqual([kind for kind, _ in figure["labels"]].count("x-label"), 1, figure["h3"])
                self.assertEqual([kind for kind, _ in figure["labels"]].count("y-label"), 1, figure["h3"])
                for _, label in figure["labels"]:
                    self.assertRegex(label, r"\(.+\)", figure["h3"])

    def test_needs_nothing_but_itself(self):
        text = page_of(*runs(), "sweep", "study", "made").read_text()
        self.assertEqual(Outline(text).links, ["data:,"])
        self.assertNotIn("<script", text)
        self.assertNotRegex(text, r"@import|url\(|https?:")

    def test_runs_that_differ_in_seeds_are_one_line(self):
        figures = {f["h3"]: f for f in self.outline(*runs()).figures}
        curve = figures["Test accuracy by round"]
        self.assertEqual(len(re.findall(r"\(3 runs\)", curve["text"])), 4)
        self.assertIn("From 12 runs in 4 configurations", curve["figcaption"])
        self.assertIn("policy mma, rate 0.1", curve["text"])
        self.assertIn("Accuracy against missing rate", figures)

    def test_figures_agree_with_the_results(self):
        chosen = [r for r in runs() if "mma-0.1" in r]
        figures = {f["h3"]: f for f in self.outline(*chosen).figures}
        accuracy, worst, gini = [], [], []
        for path in chosen:
            with h5py.File(pathlib.Path(path) / "result.h5") as file:
                accuracy.append(file["/metrics/accuracy"][0])
                own = numpy.sort(file["/client/accuracy"][:][~numpy.isnan(file["/client/accuracy"][:])])
            worst.append(own[:max(len(own) // 10, 1)].mean())
            gini.append(numpy.abs(own[:, None] - own).mean() / (2 * own.mean()))
        self.assertIn(f"{numpy.mean(accuracy):.4f} ({min(accuracy):.4f} to {max(accuracy):.4f})",
                      figures["Test figures"]["text"])
        by_client = next(f for title, f in figures.items() if title.startswith("Accuracy by client"))
        self.assertRegex(by_client["figcaption"], rf"worst decile \(mean of the worst \d+\) {numpy.mean(worst):.4f}")
        self.assertIn(f"Gini coefficient {numpy.mean(gini):.4f}", by_client["figcaption"])
        self.assertRegex(by_client["figcaption"], r"^The 1[0-2] clients with test samples")  # not those of three runs
        self.assertIn(f"{numpy.mean(gini):.4f}", figures["Test figures"]["text"])

    def test_classes(self):
        """Computed again from the outputs and the true classes in the result."""
        figures = {f["h3"]: f for f in self.outline("words").figures}
        with h5py.File(folder / "words" / "result.h5") as file:
            logit, truth = file["/test/output"][:], file["/test/category"][:]
            words = file["/label/class_text"][()].decode().splitlines()
            n, accuracy = len(truth), file["/metrics/accuracy"][0]
            calibration = file["/metrics/calibration"][0]
        self.assertEqual(words, ["zero & nought", "one", "two, or more", "three"])
        best = logit.argmax(1)
        table = figures["Classes: words"]["text"]
        for c, word in enumerate(words):
            hit = ((best == c) & (truth == c)).sum()
            wants = [word, str((truth == c).sum()), f"{hit / max((truth == c).sum(), 1):.4f}",
                     f"{hit / (best == c).sum():.4f}" if (best == c).any() else "-",
                     f"{2 * hit / ((truth == c).sum() + (best == c).sum()):.4f}", f"{((best == c) == (truth == c)).mean():.4f}"]
            self.assertIn(" ".join(wants), " ".join(table.split()))
        self.assertIn(f"error {calibration:.4f}", figures["Reliability"]["text"])
        confusion = figures["Confusion matrix: words"]["text"].split()
        self.assertIn(f"{((best == 1) & (truth == 1)).sum() / (truth == 1).sum():.3f}", confusion)
        rest = [f for f in figures if f.startswith("The split: classes")]
        self.assertIn("two, or more", figures[rest[0]]["text"])
        # percentile bootstrap of the accuracy, by drawing
        draws = numpy.random.default_rng(1).binomial(n, accuracy, 200000) / n
        low, high = re.search(r"95 % interval\s+([\d.]+) to ([\d.]+)", figures["Test figures"]["text"]).groups()
        self.assertLess(abs(float(low) - numpy.quantile(draws, 0.025)), 1.01 / n)
        self.assertLess(abs(float(high) - numpy.quantile(draws, 0.975)), 1.01 / n)
        self.assertIn("two, or more", run("inspect", "words"))
        self.assertRegex(run("inspect", "words.h5"), r"4 classes: zero & nought \d+, one \d+, two, or more \d+, three \d+ rows")

    def test_curves_have_reference_lines(self):
        """The validation curve, the majority class and chance, and a ring around the selected round."""
        figures = {f["h3"]: f for f in self.outline("words").figures}
        curve = figures["Test accuracy by round"]
        with h5py.File(folder / "words" / "result.h5") as file:
            self.assertIn(f"majority class {file['/baseline/majority'][0]:.3f}", curve["text"])
            selected, by_client = int(file["/selected_round"][0]), file["/client_round/accuracy"][:]
            last = file["/client/accuracy"][:]
        self.assertIn("chance 0.250", curve["text"])
        self.assertIn("on validation rows", curve["text"])
        self.assertIn("Ringed", curve["figcaption"])
        numpy.testing.assert_array_equal(by_client[selected], last)
        self.assertEqual(by_client.shape, (5, 12))
        self.assertEqual(numpy.isnan(by_client).all(1).tolist(), [True, False, True, False, False])  # evaluate_every: 2
        self.assertIn("worst decile", figures["Accuracy of clients by round: words"]["text"])
        self.assertNotIn("Validation accuracy by round", figures)
        self.assertIn("Validation accuracy by round", {f["h3"] for f in self.outline(*runs()).figures})

    def test_figures_of_clients_continue_with_a_training(self):
        """A longer training keeps the existing rounds; the last one of these was evaluated only because it was the last."""
        sets = ["federation.clients=4", "federation.evaluate_every=2"]
        train("more", "federation.rounds=3", *sets)
        with h5py.File(folder / "more" / "result.h5") as file:
            before = file["/client_round/accuracy"][:]
        run("train", folder / "run.yaml", "--quiet", "--out", folder / "more", "--resume",
            *[word for each in ["federation.rounds=6", *sets] for word in ("--set", each)], ranks=1)
        with h5py.File(folder / "more" / "result.h5") as file:
            after, last = file["/client_round/accuracy"][:], file["/client/accuracy"][:]
        self.assertEqual(numpy.isnan(before).all(1).tolist(), [True, False, False])
        self.assertEqual(numpy.isnan(after).all(1).tolist(), [True, False, True, False, True, False])
        numpy.testing.assert_array_equal(after[1], before[1])
        numpy.testing.assert_array_equal(after[5], last)

    def test_the_circuit_is_drawn_gate_by_gate(self):
        text = page_of(runs()[0]).read_text()
        circuit = text[text.index("The circuit of all modalities"):]
        self.assertIn("7 qubits", circuit)
        gates = int(re.search(r"(\d+) gates", circuit).group(1))
        # text, vision: hea, 2 layers of (1 RY data, RY, RZ) per qubit and n-1 CZ; audio: strong, RZ RY RZ and n CX;
        # the second data angle of each qubit in both layers; fusion: links 2 + 3 + 2 of CRZ and RY, RZ on each of 7 qubits.
        self.assertEqual(gates, 2 * 2 * (2 * 3 + 1) + 2 * (3 * 4 + 3) + 2 * 7 + 7 + 14)
        self.assertEqual(len(re.findall(r"<title>CRZ, parameter", circuit)), 7)
        self.assertEqual(len(re.findall(r"<title>RY, data angle", circuit)), 2 * 7)

    def test_a_wide_circuit_is_drawn_by_blocks(self):
        wide = train("wide", "model.registers.text.layers=60", "federation.rounds=1")
        text = page_of(wide).read_text()
        self.assertIn("The circuit as blocks", text)
        self.assertIn("are too many to be drawn one by one", text)

    def test_many_clients(self):
        many = train("many", "federation.clients=150", "federation.split=iid", "federation.rounds=1")
        figures = {f["h3"]: f for f in self.outline(many).figures}
        self.assertIn("One client in 2 is shown", figures["The split: modalities by client"]["figcaption"])
        self.assertIn("bins that the worst decile reaches", figures["Accuracy by client: many"]["text"])

    def test_every_cell_with_room_has_a_number(self):
        many = train("cells", "federation.clients=10", "federation.rounds=1", "missing.level=sample")
        figures = {f["h3"]: f for f in self.outline(many).figures}
        cells = figures["The split: modalities by client"]["text"].partition("text")[0].split()[5:]
        self.assertEqual(len(cells), 3 * 10, cells)
        self.assertGreater(len({cell for cell in cells if re.fullmatch(r"0\.\d\d?", cell)}), 5, cells)

    def test_few_clients(self):
        few = train("few", "federation.clients=4", "federation.rounds=1")
        text = page_of(few).read_text()
        split = text[text.index("The split: classes by client"):]
        labels = re.findall(r"<text x='([\d.]+)' y='([\d.]+)' text-anchor='start' class='(tick|legend)'>([^<]*)", split)
        name = next(k for k, label in enumerate(labels) if "training rows" in label[3])
        x, y, _, number = labels[name - 1]  # that of the largest dot
        self.assertEqual((labels[name][1], number.isdigit()), (y, True))
        self.assertGreater(float(labels[name][0]), float(x) + 7 * len(number) + 10)  # room between the two

    def test_a_missing_data_set_leaves_classes_out(self):
        (folder / "gone.h5").write_bytes((folder / "data.h5").read_bytes())
        gone = train("gone", f"data.file={folder / 'gone.h5'}", "federation.rounds=1")
        self.assertIn("The split: classes by client", page_of(gone).read_text())
        (folder / "gone.h5").unlink()
        text = page_of(gone).read_text()
        self.assertNotIn("The split: classes by client", text)
        self.assertIn("Classes by client are left out", text)

    def test_a_missing_column_leaves_its_figure_out(self):
        text = page_of(altered("partial", lambda file: file.pop("/round/train_loss"))).read_text()
        self.assertNotIn("Training loss by round", text)
        self.assertIn("Test loss by round", text)

    def test_results_of_an_older_program_are_runs_of_the_same_configuration(self):
        now, then = (folder / f"{when}-program" for when in ("this", "an-older"))
        for seed, out in enumerate((now, then)):
            train(out.name, f"seeds.init={seed}", "federation.rounds=2", *older.BEFORE)
        older.make_first(then / "result.h5")
        figures = {f["h3"]: f for f in self.outline(now, then).figures}
        self.assertIn("From 2 runs in 1 configuration;", figures["Test accuracy by round"]["figcaption"])
        self.assertIn("Accuracy by context vector", figures)

    def test_names_are_escaped(self):
        def rename_host(file):
            del file["/host"]
            file["/host"] = "<script>alert(2)</script>"
        text = page_of(altered("<img src=x onerror=alert(1)>&'\"", rename_host)).read_text()
        self.assertNotIn("<script", text)
        self.assertNotIn("<img", text)
        self.assertIn("alert(2)", text)

    def test_the_header_says_what_is_on_the_page(self):
        heads = {folders: run("report", *folders, "--text") for folders in
                 (("sweep",), ("made", runs()[0]), (runs()[0], "sweep", "study"))}
        heads = [" ".join(text.split("\n\n\n")[0].split()).partition("). ")[2] for text in heads.values()]
        self.assertEqual(heads, ["1 sweep or study.", "1 result of 1 configuration. 1 scaling study.",
                                 "1 result of 1 configuration. 2 sweeps or studies."])

    def test_sweep(self):
        figures = {f["h3"]: f for f in self.outline("sweep").figures}
        heat = figures["Accuracy by missing.policy and missing.rate"]
        self.assertIn("0.795", heat["text"])  # mma at 0.1: the mean of 0.79 and 0.80
        self.assertIn("(2 points per cell)", heat["figcaption"])
        self.assertIn("Accuracy by missing.rate, for each missing.policy", figures)
        self.assertIn("13 points, 12 of them finished", figures["Points of sweep"]["figcaption"])

    def test_a_sweep_without_validation_figures(self):
        """No point is selected, no test figure is shown."""
        (folder / "blind").mkdir()
        write_csv(folder / "blind/table.csv", ["client.batch", "status", "selected", "accuracy", "validation_accuracy"],
                  [[batch, "done", 0, "", ""] for batch in (8, 16)])
        text = run("report", "blind", "--text")
        self.assertIn("No point is selected", text)
        self.assertIn("2 points, 2 of them finished", text)
        self.assertNotIn("Accuracy by", text)

    def test_study_has_a_picture_for_each_setting(self):
        figures = {f["h3"]: f for f in self.outline("study").figures}
        for setting in ("iid", "noniid"):
            self.assertRegex(figures[f"Accuracy by missing rate: mosi, {setting}"]["text"], r"mma\s+zero")
            forest = figures[f"Difference from mma: mosi, {setting}"]["text"]
            # zero loses 0.25 of the rate more; the interval of the summary is 0.01 to each side
            self.assertIn("-0.075 [-0.085, -0.065]", forest)
            self.assertLess(forest.index("missing rate 0 "), forest.index("missing rate 0.3"))
            self.assertEqual(forest.count("reference: "), 2)
            for subset in ("text+audio+vision", "audio", "text+vision"):
                self.assertIn(subset, figures[f"By modalities present: mosi, {setting}"]["text"])
        # iid at 0.3: 0.7 less 0.2 of the rate, and the mean seed's 0.015
        self.assertIn("reference: 0.655", figures["Difference from mma: mosi, iid"]["text"])
        self.assertIn("0.655", figures["Comparison with the reference"]["text"])
        self.assertIn("8 finished", figures["Points of study"]["figcaption"].replace("16 points, 16 of them", "8"))
        self.assertNotIn("ab" * 32, figures["Points of study"]["text"])

    def test_variants_are_in_the_order_of_the_study(self):
        forest = next(f for f in self.outline("wide-study").figures if f["h3"].startswith("Difference from"))["text"]
        places = [forest.index(f" {name} ") for name in VARIANTS]
        self.assertEqual(places, sorted(places))

    def test_compared_pictures_have_the_same_axes_and_no_mark_twice(self):
        text = page_of("wide-study").read_text()
        figures = re.findall(r"<figure class=.(?:plain|wide).><h3>([^<]*)</h3>(.*?)</figure>", text, re.S)
        ticks = {}
        for title, body in figures:
            axis = re.findall(r"text-anchor='end' class='tick'>([^<]*)<", body)
            if "missing rate: mosi" in title or "By modalities" in title:
                ticks.setdefault(title.split(":")[0], set()).add(tuple(sorted(set(axis))))
                marks = re.findall(r"<path d='M[\d. ]+h20' class='line' stroke='(var\(--c\d\))'/><path class='mark'[^>]* "
                                   r"d='([^']*)'", body)
                self.assertGreater(len(marks), 1, title)
                self.assertEqual(len(set(marks)), len(marks), title)
                self.assertEqual(len({shape for _, shape in marks}), len(marks), title)
        self.assertEqual({title: len(axes) for title, axes in ticks.items()},
                         {"Accuracy by missing rate": 1, "By modalities present": 1})

    def test_ten_variants_are_two_figures_with_the_reference_in_both(self):
        titles = [f["h3"] for f in self.outline("wide-study").figures]
        self.assertIn("Accuracy by missing rate: mosi, iid (2 of 2)", titles)
        figures = {f["h3"]: f["text"] for f in self.outline("wide-study").figures}
        for part, names in ((1, VARIANTS[:6]), (2, VARIANTS[:1] + VARIANTS[6:])):
            for name in VARIANTS:
                self.assertEqual(f" {name} " in figures[f"Accuracy by missing rate: mosi, iid ({part} of 2)"], name in names)

    def test_long_tables_are_folded(self):
        text = page_of("wide-study").read_text()
        self.assertRegex(text, r"(?s)Points of wide-study.*?</table></div>\n<details class=.more.><summary>\d+ more rows<")
        self.assertNotIn("more rows", page_of("study").read_text().split("Points of study")[1])

    def test_origin_and_base_are_on_the_page(self):
        """Of a study as the program writes it: its file, data set, reference and base configuration."""
        (folder / "own.yaml").write_text(f"base: {folder / 'run.yaml'}\nset: {{federation.rounds: 1}}\n"
                                         "variants: {mma: {}, zero: {set: {missing.policy: zero}}}\nseeds: [1, 2]\n")
        run("study", folder / "own.yaml", "--out", folder / "own", "--quiet", ranks=1)
        text = page_of("own").read_text()
        for part in ("own.yaml", f"Data set: {folder / 'data.h5'}, label class", "Reference: mma",
                     "Base configuration", "rounds: 1"):
            self.assertIn(part, text)

    def test_axes_of_a_sweep(self):
        """Values drawn or listed on a logarithmic scale have a logarithmic axis; draws are shown as a scatter plot."""
        (folder / "axes.yaml").write_text(
            f"base: {folder / 'run.yaml'}\nset: {{federation.rounds: 1}}\n"
            "random: {draws: 12, seed: 3, keys: {client.learning_rate: {log: [0.001, 1]}, client.momentum: {uniform: [0, 1]}}}\n")
        run("sweep", folder / "axes.yaml", "--out", folder / "axes", "--quiet", ranks=1)
        page = page_of("axes").read_text()
        figures = dict(re.findall(r"<figure class=.plain.><h3>([^<]*)</h3>(.*?)</figure>", page, re.S))
        scatter = figures["Validation accuracy by client.learning_rate"]
        self.assertEqual(scatter.count("class='mark'"), 12 + 1)
        self.assertEqual(scatter.count("class='ring'"), 1)
        self.assertTrue({"0.01", "0.1"} <= set(re.findall(r"class='tick'>([^<]*)<", scatter)))
        self.assertNotIn("0.01", re.findall(r"class='tick'>([^<]*)<", figures["Validation accuracy by client.momentum"]))
        (folder / "listed").mkdir()
        write_csv(folder / "listed/table.csv", ["client.batch", "status", "accuracy"],
                  [[2 ** k, "done", 0.5 + 0.01 * k] for k in range(8)])
        figure = page_of("listed").read_text()
        self.assertTrue({"1", "10", "100"} <= set(re.findall(r"class='tick'>([^<]*)<", figure)))

    def test_figures_and_tables_as_files(self):
        run("report", "study", "sweep", "--out", folder / "files.html", "--svg", "svg", "--csv", "csv", "--tex", "tex")
        names = {kind: sorted(p.name for p in (folder / kind).iterdir()) for kind in ("svg", "csv", "tex")}
        self.assertGreater(len(names["svg"]), 6)
        self.assertEqual([n[:-4] for n in names["csv"]], [n[:-4] for n in names["tex"]])
        self.assertIn("01-difference-from-mma-mosi-iid.svg", names["svg"])
        for name in names["svg"]:
            text = (folder / "svg" / name).read_text()
            self.assertNotIn("var(", text)  # programs that draw SVG do not support variables
            xml.etree.ElementTree.fromstring(text)
        with open(folder / "csv/01-difference-from-mma-mosi-iid.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        zero = next(r for r in rows if r["group"] == "missing rate 0.3" and r["variant"] == "zero")
        self.assertAlmostEqual(float(zero["difference in accuracy"]), -0.075)
        self.assertAlmostEqual(float(zero["low"]), -0.085)
        for name in names["tex"]:
            text = (folder / "tex" / name).read_text()
            for pair in ("figure", "table", "tabular", "axis", "tikzpicture"):
                self.assertEqual(text.count(f"\\begin{{{pair}}}"), text.count(f"\\end{{{pair}}}"), (name, pair))
            self.assertEqual(text.count("{") - text.count("\\{"), text.count("}") - text.count("\\}"), name)
            self.assertRegex(text, r"\\caption\{")
        error = run("report", "study", "--svg", "svg", code=1)
        self.assertIn("svg: exists already", error)

    def test_scaling_says_what_is_modelled(self):
        figures = {f["h3"]: f for f in self.outline("made").figures}
        self.assertIn("model, not measured", figures["Strong scaling, clients: time of a round"]["text"])
        model = figures["Larger machines: model, not measured"]["text"]
        for coefficient in ("0.1 ", "4 ", "0.01 "):
            self.assertIn(f" {coefficient}", model)
        self.assertIn("256", model)
        # efficiency on 8 ranks: 4.1 / (8 (0.1 + 0.5 + 0.03))
        self.assertIn(f"{4.1 / (8 * 0.63):.3f}", figures["Strong scaling, clients: measurements"]["text"])

    def test_text_has_80_columns(self):
        out = run("report", *runs(), "sweep", "study", "made", "--text")
        self.assertIn("Accuracy by context vector", out)
        self.assertIn("Origin of the results", out)
        long = [line for line in out.splitlines() if len(line) > 80]
        self.assertEqual([line for line in long if str(folder) not in line], [])  # a path is not broken
        self.assertNotIn("\x1b", out)

    def test_page_is_in_the_first_folder_by_default(self):
        run("report", runs()[0])
        self.assertTrue((pathlib.Path(runs()[0]) / "report.html").exists())


class Scales(unittest.TestCase):
    """The files that `entente scaling` writes on two ranks."""

    @classmethod
    def setUpClass(cls):
        cls.text = run("scaling", folder / "run.yaml", "--qubits", 8, "--threads", "1,2", "--repeats", 2, "--out",
                       "strong", "--set", "federation.rounds=2", ranks=2)
        cls.rows = cls.read("strong")

    @staticmethod
    def read(name, file="scaling.csv"):
        with open(folder / name / file, newline="") as lines:
            return list(csv.DictReader(lines))

    def test_every_point_and_repeat(self):
        points = sorted((r["what"], int(r["ranks"]), int(r["threads"]), int(r["repeat"])) for r in self.rows)
        self.assertEqual(points, [(what, ranks, threads, repeat) for what in ("clients", "state")
                                  for ranks in (1, 2) for threads in (1, 2) for repeat in (0, 1)])
        for row in self.rows:
            self.assertEqual(int(row["shards"]), int(row["ranks"]) if row["what"] == "state" else 1)
            self.assertGreater(float(row["seconds"]), 0)
            self.assertGreater(float(row["compute_s"]), 0)
            self.assertLess(float(row["compute_s"]), 1.2 * float(row["seconds"]) + 1e-3)

    def test_work_is_that_of_the_problem(self):
        with h5py.File(folder / "data.h5") as file:
            rows = int((file["/split"][:] == 0).sum())
        for row in self.rows:
            # state: 4 layers of 8 RY, 8 RZ, 8 CX on 2^8 amplitudes
            self.assertEqual(float(row["work"]), rows if row["what"] == "clients" else 4 * 24 * 256)

    def test_state_on_two_ranks_sends_and_communicates(self):
        sent = {int(r["ranks"]): float(r["bytes"]) for r in self.rows if r["what"] == "state"}
        self.assertEqual(sent[1], 0)
        self.assertGreater(sent[2], 2 ** 8 / 2 * 16)

    def test_model_is_marked(self):
        model = self.read("strong", "model.csv")
        self.assertEqual({row["origin"] for row in model}, {"model not measured"})
        self.assertEqual(sorted({int(row["ranks"]) for row in model if row["threads"] == "1"}), [4, 8, 16, 32, 64])
        self.assertIn("model, not measured", self.text)

    def test_svg_is_whole(self):
        tree = xml.etree.ElementTree.parse(folder / "strong" / "scaling.svg")
        self.assertIn("Strong scaling, state: efficiency", " ".join(tree.getroot().itertext()))

    def test_weak(self):
        run("scaling", folder / "run.yaml", "--qubits", 7, "--weak", "--repeats", 1, "--threads", 1, "--out", "weak",
            "--set", "federation.rounds=1", ranks=2)
        rows = self.read("weak")
        work = {(r["what"], int(r["ranks"])): float(r["work"]) for r in rows}
        self.assertEqual(work["clients", 2], 2 * work["clients", 1])
        self.assertEqual({int(r["ranks"]): int(r["clients"]) for r in rows if r["what"] == "clients"}, {1: 12, 2: 24})
        self.assertEqual({int(r["ranks"]): int(r["qubits"]) for r in rows if r["what"] == "state"}, {1: 7, 2: 8})

    def test_shards_of_the_clients(self):
        run("scaling", folder / "run.yaml", "--shards", "1,2", "--repeats", 1, "--threads", 1, "--out", "sharded",
            "--set", "federation.rounds=1", "--quiet", ranks=2)
        points = {(r["what"], int(r["ranks"]), int(r["shards"])) for r in self.read("sharded")}
        self.assertEqual(points, {("clients", 1, 1), ("clients", 2, 1), ("clients", 2, 2)})

    def test_several_jobs_are_one_study(self):
        for name, ranks in (("one", "1"), ("two", "2")):
            run("scaling", folder / "run.yaml", "--ranks", ranks, "--threads", 1, "--repeats", 1, "--out", name,
                "--quiet", "--set", "federation.rounds=1", ranks=2)
        figures = {f["h3"]: f for f in Outline(page_of("one", "two").read_text()).figures}
        table = figures["Strong scaling, clients: measurements"]["text"]
        self.assertIn("1 x 1", table)
        self.assertIn("2 x 1", table)


class Refuses(unittest.TestCase):
    def refused(self, *words, wants, ranks=0, code=1):
        error = run(*words, ranks=ranks, code=code)
        for want in wants:
            self.assertIn(want, error)

    def test_folders(self):
        (folder / "empty").mkdir(exist_ok=True)
        self.refused("report", "nowhere", wants=["nowhere", "No such file"])
        self.refused("report", "empty", wants=["empty: no result found", "result.h5"])
        self.refused("report", folder / "data.h5", wants=["not a folder"])
        self.refused("report", code=2, wants=["want a folder written by"])

    def test_damaged_results(self):
        good = (pathlib.Path(runs()[0]) / "result.h5").read_bytes()
        bad = folder / "bad"
        bad.mkdir()
        for data in (b"", b"not HDF5 at all", good[:len(good) // 2]):
            (bad / "result.h5").write_bytes(data)
            self.refused("report", bad, "--out", "bad.html", wants=["bad/result.h5"])
            self.assertFalse((folder / "bad.html").exists())

    def test_flipped_bytes_are_an_error_or_a_page(self):
        good = (pathlib.Path(runs()[0]) / "result.h5").read_bytes()
        flipped = folder / "flipped"
        flipped.mkdir()
        draw = random.Random(7)
        refused = 0
        for _ in range(40):
            data = bytearray(good)
            for _ in range(30):
                data[draw.randrange(len(data))] = draw.randrange(256)
            (flipped / "result.h5").write_bytes(data)
            ended = subprocess.run([ENTENTE, "report", flipped, "--out", folder / "flipped.html", "--quiet"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=150)
            self.assertIn(ended.returncode, (0, 1), ended.stderr)
            refused += ended.returncode
            if ended.returncode:
                self.assertRegex(ended.stderr, "^entente: .*(result.h5|configuration)")
        self.assertGreater(refused, 0)

    def test_files_that_are_not_results(self):
        other = folder / "other"
        other.mkdir()
        (other / "result.h5").write_bytes((folder / "data.h5").read_bytes())
        self.refused("report", other, wants=["other/result.h5", "not the result of a training"])
        for name, value in (("/client/accuracy", numpy.zeros(3)), ("/part/train/client", None)):
            shutil.copy(pathlib.Path(runs()[0]) / "result.h5", other / "result.h5")
            older.unseal(other / "result.h5")
            with h5py.File(other / "result.h5", "a") as file:
                value = file[name][:] + 1000 if value is None else value
                del file[name]
                file[name] = value
            self.refused("report", other, wants=["other/result.h5", name])

    def test_a_result_of_a_newer_program(self):
        newer = folder / "newer"
        shutil.copytree(runs()[0], newer)
        older.rewrite_config(newer / "result.h5", lambda text: text.replace("policy: mma", "policy: guess"))
        self.refused("report", newer, wants=["newer/result.h5: /config:", "missing.policy: found 'guess', want one of: ",
                                             "(written by a newer Entente?)"])

    def test_other_modalities(self):
        two = train("two-modalities", "data.modalities=[text, audio]", "model.registers={}", "federation.rounds=1")
        self.refused("report", runs()[0], two, wants=["[text, audio]", "[text, audio, vision]", "same modalities"])

    def test_tables(self):
        for name, text, wants in (("t1", "a,b\n1,2\n", "no column 'accuracy'"), ("t2", "a,b\n1\n", "t2/table.csv")):
            (folder / name).mkdir()
            (folder / name / "table.csv").write_text(text)
            self.refused("report", name, wants=[wants])
        for name, text, wants in (("s1", "what,mode\nstate,weak\n", "no column 'name'"),
                                  ("s2", (folder / "made/scaling.csv").read_text().replace("strong,made,1",
                                                                                           "strong,made,zero", 1),
                                   "s2/scaling.csv:2: column 4 'ranks': found 'zero', want a number")):
            (folder / name).mkdir()
            (folder / name / "scaling.csv").write_text(text)
            self.refused("report", name, wants=[wants])

    def test_garbage_in_tables(self):
        """Tables edited, cut or combined by hand: the message names file, line and column."""
        def change(name, source, file, edit):
            shutil.copytree(folder / source, folder / name)
            (folder / name / file).write_text(edit((folder / source / file).read_text()))
        twice = lambda line: lambda text: text + text.splitlines()[line] + "\n"
        cell = lambda line, column, word: lambda text: "\n".join(
            ",".join(word if (r, c) == (line, column) else w for c, w in enumerate(t.split(",")))
            for r, t in enumerate(text.splitlines())) + "\n"
        for k, (source, file, edit, want) in enumerate((
                ("sweep", "table.csv", cell(3, 5, "0.7x"), "table.csv:4: column 6 'accuracy': found '0.7x', want a number from 0 to 1"),
                ("sweep", "table.csv", cell(3, 5, "7.5"), "table.csv:4: column 6 'accuracy': found '7.5'"),
                ("sweep", "table.csv", cell(2, 7, "-1"), "table.csv:3: column 8 'train_s': found '-1', want a number of 0 or more"),
                ("sweep", "table.csv", lambda text: text.replace("loss", "accuracy"), "two columns 'accuracy': 6 and 7"),
                ("study", "study.csv", twice(4), "study.csv:18: repeats the row of line 5: the same 'point' (3)"),
                ("study", "study.csv", cell(5, 9, "nan"), "study.csv:6: column 10 'loss': found 'nan'"),
                ("study", "summary.csv", cell(1, 11, "p<0.1"), "summary.csv:2: column 12 'p': found 'p<0.1'"),
                ("study", "summary.csv", twice(1), "summary.csv:10: repeats the row of line 2"),
                ("made", "scaling.csv", twice(2), "scaling.csv:14: repeats the row of line 3"),
                ("made", "scaling.csv", cell(6, 11, "1e400"), "scaling.csv:7: column 12 'seconds': found '1e400'"))):
            change(f"garbage{k}", source, file, edit)
            self.refused("report", f"garbage{k}", wants=[want])

    def test_a_page_that_cannot_be_written(self):
        self.refused("report", runs()[0], "--out", "/dev/full/x.html", wants=["/dev/full/x.html"])
        self.refused("report", runs()[0], "--out", folder / "nowhere" / "x.html", wants=["No such file"])

    def test_scaling(self):
        config = folder / "run.yaml"
        self.refused("scaling", code=2, ranks=1, wants=["found nothing to measure"])
        self.refused("scaling", config, "--ranks", "2,1", code=2, ranks=1, wants=["'2,1'", "ascending"])
        self.refused("scaling", "--qubits", 6, "--shards", "1,3", code=2, ranks=1, wants=["powers of two"])
        self.refused("scaling", config, "--ranks", "1,4", ranks=2, wants=["found 4", "the job has 2 ranks"])
        self.refused("scaling", "--qubits", 60, code=2, ranks=1, wants=["60"])
        self.refused("scaling", config, "--weak", "--set", "federation.clients=0", "--out", "w0", ranks=1,
                     wants=["federation.clients: found 0"])
        self.refused("scaling", config, "--ranks", 1, "--shards", 2, "--out", "w2", ranks=2, wants=["--shards: found numbers that divide no number of ranks"])
        self.refused("scaling", "nowhere.yaml", "--out", "w1", ranks=2, wants=["nowhere.yaml"])
        self.refused("scaling", "--qubits", 4, "--out", "made", ranks=1, wants=["a study exists already"])


# ---- the page in a browser ----

LAYOUT = """
const bad = [], box = e => e.getBoundingClientRect();
for (const svg of document.querySelectorAll('figure svg')) {
  const title = svg.closest('figure').querySelector('h3').textContent, frame = box(svg);
  const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
  for (const t of texts) {
    const b = box(t);
    if (b.left < frame.left - 1 || b.right > frame.right + 1 || b.top < frame.top - 1 || b.bottom > frame.bottom + 1)
      bad.push(`${title}: '${t.textContent}' is cut off`);
    if (getComputedStyle(t).userSelect === 'none') bad.push(`${title}: text cannot be selected`);
  }
  for (let i = 0; i < texts.length; i++)
    for (let j = i + 1; j < texts.length; j++) {
      const a = box(texts[i]), b = box(texts[j]);
      const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (w > 1 && h > 0.35 * Math.min(a.height, b.height))
        bad.push(`${title}: '${texts[i].textContent}' over '${texts[j].textContent}'`);
    }
}
const small = Math.min(...[...document.querySelectorAll('figure.plain svg')].map(
  s => 11 * box(s).width / s.viewBox.baseVal.width));
return {bad, small, scroll: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        figures: document.querySelectorAll('figure svg').length,
        ground: getComputedStyle(document.body).backgroundColor, text: getComputedStyle(document.body).color};
"""


# The texts of each figure; those in several lines are joined.
NAMES = """
return [...document.querySelectorAll('figure')].filter(f => f.querySelector('svg')).map(f => [
  f.querySelector('h3').textContent,
  [...f.querySelectorAll('svg text')].map(t => [...t.childNodes].filter(n => n.nodeType == 3).map(n => n.data).join(''))]);
"""
WORDS = ["walking", "walking upstairs", "walking downstairs", "sitting on a chair"] + [f"activity {k}" for k in range(4, 27)]


def write_big_data(name):
    """27 classes with words, 16 modalities."""
    draw = numpy.random.default_rng(1)
    label = draw.integers(0, 27, 3000)
    with h5py.File(folder / name, "w") as file:
        for m in range(16):
            center = draw.normal(size=(27, 3))
            file[f"modality/sensor_{m:02d}/features"] = center[label] + draw.normal(size=(3000, 3))
        file["label/class"] = label.astype("i4")
        file["split"] = draw.choice(3, size=3000, p=[0.6, 0.1, 0.3]).astype("u1")
        file["class_name"] = numpy.array([word.encode() for word in WORDS], dtype="S24")


class Driver:
    """The part of chromedriver's HTTP protocol that is needed."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.profile = tempfile.mkdtemp(prefix="entente-browser-")
        self.process = subprocess.Popen([shutil.which("chromedriver"), f"--port={port}"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.session = None
        try:
            self.open()
        except Exception:
            self.close()
            raise

    def open(self):
        for _ in range(100):
            try:
                self.call("GET", "/status")
                break
            except OSError:
                time.sleep(0.1)
        flags = ("headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
                 "disable-component-update disable-sync disable-dev-shm-usage").split()
        options = {"binary": shutil.which("chromium"),
                   "args": [f"--{flag}" for flag in flags] + [f"--user-data-dir={self.profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def post(self, path, **body):
        return self.call("POST", f"/session/{self.session}{path}", body)

    def look(self, width, scheme):
        self.post("/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride",
                  params={"width": width, "height": 900, "deviceScaleFactor": 2, "mobile": width < 600})
        self.post("/goog/cdp/execute", cmd="Emulation.setEmulatedMedia",
                  params={"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        return self.post("/execute/sync", script=LAYOUT, args=[])

    def log(self, kind):
        return self.post("/se/log", type=kind)

    def shot(self, path):
        size = self.post("/execute/sync", script="const d = document.documentElement;"
                                                 "return [d.clientWidth, d.scrollHeight]", args=[])
        picture = self.post("/goog/cdp/execute", cmd="Page.captureScreenshot",
                            params={"captureBeyondViewport": True,
                                    "clip": {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}})
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        if self.session:
            self.call("DELETE", f"/session/{self.session}")
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("chromium") or not shutil.which("chromedriver"):
            raise unittest.SkipTest("no chromium and chromedriver; env/debian.sh --tests installs them")
        try:
            cls.driver = Driver()
        except (OSError, urllib.error.URLError) as reason:
            raise unittest.SkipTest(f"chromium cannot be started: {reason}") from None
        cls.addClassCleanup(cls.driver.close)
        train("long-names", "federation.clients=40", "missing.rate={text: 0.1, audio: 0.25, vision: 0.4}")
        cls.pages = {"runs": [*runs(), "sweep", "study", "made"], "one": [folder / "long-names"]}
        (folder / "long-keys").mkdir()
        (folder / "long-keys" / "table.csv").write_text(
            "model.registers.a_long_modality_name.layers,federation.shards_per_client,status,accuracy\n" +
            "".join(f"{a},{b},done,{0.5 + 0.001 * a * b}\n" for a in (1, 2) for b in range(1, 30)))
        cls.pages["one"].append("long-keys")
        write_big_data("big.h5")
        names = [f"sensor_{m:02d}" for m in range(16)]
        train("big", f"data.file={folder / 'big.h5'}", f"data.modalities=[{', '.join(names)}]", "federation.clients=100",
              "federation.rounds=3", "model.readout=z", "model.registers={"
              + ", ".join(f"{name}: {{qubits: 1, layers: 1}}" for name in names) + "}")
        write_study("one-rate", rates=(0.3,), variants=VARIANTS)
        cls.pages["big"] = ["big", "wide-study", "one-rate"]

    def test_no_label_is_dropped(self):
        """27 classes, 16 modalities, 100 clients, 10 variants: every name is shown in full in every figure of its kind."""
        self.driver.post("/url", url=f"file://{page_of(*self.pages['big'])}")
        modalities = [f"sensor_{m:02d}" for m in range(16)]
        rates = [f"missing rate {rate}" for rate in ("0", "0.1", "0.3", "0.5")]
        wants = {"Confusion matrix": 2 * WORDS, "The split: classes": WORDS, "The split: modalities": modalities,
                 "Difference from mma_with_dropout: mosi, iid": 4 * VARIANTS + rates,
                 "Difference from mma_with_dropout: mosi": 2 * VARIANTS, "Accuracy by variant": 2 * VARIANTS,
                 "By modalities present: mosi, iid (1": [f"{m} modalities" for m in range(16, 3, -1)]}
        for width in (1200, 390):
            self.driver.look(width, "light")
            found = self.driver.post("/execute/sync", script=NAMES, args=[])
            for title, names in wants.items():
                shown = dict(found).get(title) or next(texts for own, texts in found if own.startswith(title))
                for name in set(names):
                    self.assertGreaterEqual(shown.count(name), names.count(name), (width, title, name, shown))
            legends = {own: texts for own, texts in found if own.startswith("Accuracy by missing rate: mosi, iid")}
            self.assertEqual(len(legends), 2)
            self.assertEqual({name for texts in legends.values() for name in texts if name in VARIANTS}, set(VARIANTS))

    def test_page(self):
        self.driver.post("/url", url="about:blank")
        self.driver.log("performance")  # requests of the browser's own first page
        for name, folders in self.pages.items():
            page = page_of(*folders)
            self.driver.post("/url", url=f"file://{page}")
            grounds = set()
            for width in (1200, 390):
                for scheme in ("light", "dark"):
                    with self.subTest(page=name, width=width, scheme=scheme):
                        seen = self.driver.look(width, scheme)
                        grounds.add(seen["ground"])
                        self.assertEqual(seen["bad"], [])
                        self.assertLessEqual(seen["scroll"], 0, "the page itself scrolls sideways")
                        self.assertGreaterEqual(seen["small"], 9.0, "letters of the figures, in pixels")
                        self.assertGreater(seen["figures"], 5)
                        if SHOTS:
                            self.driver.shot(SHOTS / f"{name}-{width}-{scheme}.png")
            self.assertEqual(len(grounds), 2, "light and dark look alike")
        self.assertEqual(self.driver.log("browser"), [])
        asked = [json.loads(entry["message"])["message"] for entry in self.driver.log("performance")]
        addresses = {m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"}
        self.assertTrue(addresses)
        self.assertEqual({a for a in addresses if not a.startswith(("file://", "data:"))}, set())


if __name__ == "__main__":
    words = sys.argv[4:]
    if "--shots" in words:
        at = words.index("--shots")
        SHOTS = pathlib.Path(words[at + 1]).resolve()
        SHOTS.mkdir(parents=True, exist_ok=True)
        del words[at:at + 2]
    program = unittest.main(argv=[sys.argv[0], *words], exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.skipped and result.testsRun == 0 else 0)
