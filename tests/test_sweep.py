#!/usr/bin/python3
"""`entente sweep` and `entente study`, end to end, as a user runs them: over ranks, groups, arrays, killed and resumed.

    python3 tests/test_sweep.py --entente build/entente --mpiexec "mpiexec -n" [--quick] [TEST...]"""
import csv
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import notes
import test_command as command
from test_command import fresh, good, last_json, run, sets, slow

if __name__ == "__main__":
    import h5py
    import numpy

# Six points, two of which have more qubits than there can be.
SWEEP = """\
base: small.yaml
grid: {seeds.init: [1, 2]}
list:
- {client.batch: 8}
- {missing.rate: 0.5, missing.policy: zero}
- {model.registers.text.qubits: 62}
"""
# Long enough to be killed in the middle.
LONG = """\
base: small.yaml
set: {federation.rounds: 40}
random: {draws: 24, keys: {client.learning_rate: {log: [0.001, 0.1]}}}
"""
STUDY = """\
base: small.yaml
settings: {iid: {}, noniid: {set: {federation.split: dirichlet_client, federation.alpha: 0.5}}}
rates: [0, 0.4]
variants:
  mma:  {}
  zero: {set: {missing.policy: zero}}
  only: {modalities: each, set: {missing.empty: allow}}
seeds: [1, 2, 3, 4]
reference: zero
"""
TABLES = ["table.csv", "table.h5", "patterns.csv"]


def setUpModule():
    command.folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-sweep-"))
    command.synth("data.h5", rows=300)
    put("small.yaml", command.SMALL.replace("DATA", str(command.folder / "data.h5")))
    put("sweep.yaml", SWEEP)
    put("long.yaml", LONG)
    put("study.yaml", STUDY)


def tearDownModule():
    shutil.rmtree(command.folder)


def put(name, text):
    (command.folder / name).write_text(text)
    return command.folder / name


def sweep(file, *words, out=None, ranks=1, kind="sweep", test=True, **how):
    """The JSON object at the end; the folder is in `out`.  `test`: with the test figures of all points."""
    out = out or fresh()
    more = ["--test"] if test and kind == "sweep" else []
    ran = good(kind, command.folder / file, "--out", out, "--json", *more, *words, ranks=ranks, **how)
    return {**last_json(ran), "out": out, "err": ran.err}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def digests(out, names=TABLES):
    return [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names]


def records(out):
    return sorted((out / "points").glob("*.json"))


def first_tables():
    """The tables of a sweep on one rank: every other way to run it must give the same."""
    if not hasattr(first_tables, "kept"):
        first_tables.kept = sweep("sweep.yaml")
    return first_tables.kept


class Points(unittest.TestCase):
    def test_same_tables_on_any_ranks_and_groups(self):
        whole = first_tables()
        self.assertEqual((whole["points"], whole["done"], whole["failed"], whole["ran"]), (6, 4, 2, 6))
        for ranks, words in [(2, []), (3, []), (3, ["--group", 2])][:1 if command.options.quick else 3]:
            other = sweep("sweep.yaml", *words, ranks=ranks)
            self.assertEqual(other["ran"], 6)
            self.assertEqual(digests(other["out"]), digests(whole["out"]), (ranks, words))

    def test_a_failed_point_is_recorded_and_stops_no_other(self):
        table = rows(first_tables()["out"] / "table.csv")
        self.assertEqual([row["status"] for row in table], ["done", "done", "failed"] * 2)
        for row in table:
            failed = row["status"] == "failed"
            self.assertEqual("qubits" in row["error"], failed, row["error"])
            self.assertEqual(row["accuracy"] == "", failed)
            self.assertEqual(len(row["weights_sha256"]), 0 if failed else 64)
        self.assertEqual([row["point"] for row in table], [str(k) for k in range(6)])
        self.assertEqual(table[4]["missing.rate"], "0.5")
        self.assertEqual(len(rows(first_tables()["out"] / "times.csv")), 6)

    def test_a_point_equals_a_training(self):
        row = rows(first_tables()["out"] / "table.csv")[4]
        alone = command.train("small.yaml", ranks=2, missing__rate=0.5, missing__policy="zero", seeds__init=2)
        self.assertEqual(row["weights_sha256"], alone["weights_sha256"])
        self.assertAlmostEqual(float(row["accuracy"]), alone["accuracy"], 14)
        self.assertEqual(int(row["params"]), alone["params"])
        with h5py.File(alone["out"] / "result.h5") as file:
            for name in ("bytes_up", "bytes_down"):
                self.assertEqual(float(row[name]), file["round"][name][()].sum())
                self.assertGreater(float(row[name]), 0)
        self.assertEqual(row["epsilon"], "")
        patterns = [one for one in rows(first_tables()["out"] / "patterns.csv") if one["point"] == "4"]
        self.assertEqual([(one["present"].split("+"), int(one["n"])) for one in patterns],
                         [(one["present"], one["n"]) for one in alone["patterns"]])
        for one, other in zip(patterns, alone["patterns"]):
            self.assertAlmostEqual(float(one["accuracy"]), other["accuracy"], 14)
        self.assertGreater(len(patterns), 5)

    def test_a_private_point_says_its_epsilon(self):
        put("private.yaml", "base: small.yaml\nset: {privacy.mode: central}\ngrid: {privacy.noise_multiplier: [2]}\n")
        out = sweep("private.yaml")["out"]
        alone = command.train("small.yaml", privacy__mode="central", privacy__noise_multiplier=2)
        with h5py.File(alone["out"] / "result.h5") as file:
            epsilon = file["round/epsilon"][()]
        row, = rows(out / "table.csv")
        self.assertEqual(float(row["epsilon"]), epsilon[-1])
        self.assertGreater(epsilon[-1], epsilon[0])

    def test_the_best_point_is_by_validation(self):
        """Without validation rows no point is named."""
        out = first_tables()["out"]
        table = [row for row in rows(out / "table.csv") if row["status"] == "done"]
        figures = [float(row["validation_accuracy"]) for row in table]
        best = first_tables()["best"]
        self.assertEqual((best["by"], best["value"]), ("validation accuracy", max(figures)))
        self.assertEqual(str(best["point"]), table[figures.index(max(figures))]["point"])
        self.assertEqual({row["validation_n"] for row in table}, {"30"})
        self.assertIn(f"best: point {best['point']} by validation accuracy",
                      good("sweep", command.folder / "sweep.yaml", "--out", out, "--table", "--test").out)
        with h5py.File(command.folder / "no-validation.h5", "w") as file, h5py.File(command.folder / "data.h5") as whole:
            for name in whole:
                whole.copy(name, file)
            file.attrs.update(whole.attrs)
            file["split"][...] = numpy.where(file["split"][()] == 1, 0, file["split"][()])
        put("bare.yaml", f"base: small.yaml\nset: {{data.file: {command.folder / 'no-validation.h5'}, "
                         "federation.rounds: 1}\ngrid: {seeds.init: [1, 2]}\n")
        self.assertIsNone(sweep("bare.yaml")["best"])

    def test_the_file_holds_the_table(self):
        out = first_tables()["out"]
        table = rows(out / "table.csv")
        self.assertEqual(notes.without_notes(out / "table.h5"), [])
        with h5py.File(out / "table.h5") as file:
            numpy.testing.assert_allclose(file["point/accuracy"][:],
                                          [float(row["accuracy"] or "nan") for row in table], rtol=1e-14)
            self.assertEqual([text.decode() for text in file["point/status"]], [row["status"] for row in table])
            self.assertEqual(list(file["point/seeds.init"][:]), [1, 1, 1, 2, 2, 2])
            self.assertEqual(len(file["pattern/n"]), len(rows(out / "patterns.csv")))
            self.assertIn("rounds: 3", file["base/0"][()].decode())

    def test_test_figures_are_those_of_the_selected_point(self):
        """The records have all of them, and --test shows them."""
        ran = sweep("sweep.yaml", test=False)
        out, best = ran["out"], str(ran["best"]["point"])
        figures = ["n", "loss", "accuracy", "f1_weighted", "f1_macro", "calibration"]
        whole = {row["point"]: row for row in rows(first_tables()["out"] / "table.csv")}
        for row in rows(out / "table.csv"):
            self.assertEqual(row["selected"], str(int(row["point"] == best)))
            for name in row:
                hidden = name in figures and row["point"] != best
                self.assertEqual(row[name], "" if hidden else whole[row["point"]][name], (name, row["point"]))
        self.assertEqual({row["point"] for row in rows(out / "patterns.csv")}, {best})
        self.assertNotIn("  accuracy", ran["err"])
        self.assertIn("validation accuracy", ran["err"])
        with h5py.File(out / "table.h5") as file:
            self.assertEqual(numpy.isfinite(file["point/accuracy"][:]).sum(), 1)
            self.assertEqual(list(file["column/scale"][:]), [b"grid"] + 4 * [b"list"])
            self.assertEqual(file["data/file"][:].tolist(), [str(command.folder / "data.h5").encode()])
        self.assertEqual(notes.without_notes(out / "table.h5"), [])
        self.assertEqual(sweep("sweep.yaml", out=out)["ran"], 0)
        self.assertEqual(digests(out), digests(first_tables()["out"]))
        refused = run("study", command.folder / "study.yaml", "--test")
        self.assertEqual((refused.code, "--test: found a study" in refused.err), (2, True), refused.err)

    def test_an_array_makes_the_same_table(self):
        out = fresh()
        self.assertEqual(sweep("sweep.yaml", "--index", 4, out=out, ranks=2)["ran"], 1)
        self.assertEqual(len(records(out)), 1)
        started = [subprocess.Popen([command.options.entente, "sweep", command.folder / "sweep.yaml", "--out", out,
                                     "--index", str(k), "--quiet", "--test"]) for k in range(6)]  # all at once
        self.assertEqual([process.wait(timeout=100) for process in started], [0] * 6)
        self.assertEqual(digests(out), digests(first_tables()["out"]))

    def test_two_jobs_share_the_points(self):
        out = fresh()
        words = [command.options.entente, "sweep", command.folder / "long.yaml", "--out", out, "--json", "--quiet"]
        started = []
        for _ in range(2):  # the first pauses until the second has done a point, however slow the machine
            before = len(records(out))
            started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
            while len(records(out)) <= before and started[-1].poll() is None:
                time.sleep(0.01)
            started[0].send_signal(signal.SIGSTOP if len(started) == 1 else signal.SIGCONT)
        ran = [json.loads(process.communicate(timeout=100)[0].splitlines()[-1])["ran"] for process in started]
        self.assertEqual(sum(ran), 24)  # none twice
        self.assertGreater(min(ran), 0)
        self.assertEqual(len(rows(out / "table.csv")), 24)

    def test_killed_and_resumed(self):
        """kill -9 of all ranks in the middle, twice; finished points are kept, and the tables are those of one run."""
        out, pids, done = fresh(), command.folder / "pids", 0
        keep_pid = ["sh", "-c", f'echo $$ >> {pids}; exec "$@"', "-"]
        for _ in range(2):
            pids.write_text("")
            process = subprocess.Popen(command.launch(["sweep", command.folder / "long.yaml", "--out", out], 2, keep_pid),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until = time.monotonic() + 60
            while len(records(out)) < done + 4 and time.monotonic() < until:
                time.sleep(0.005)
            for pid in pids.read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            self.assertNotEqual(process.wait(timeout=60), 0)
            self.assertGreaterEqual(len(records(out)), done + 4)
            done = len(records(out))
        self.assertLess(done, 24, "ended before the kill")
        self.assertFalse((out / "table.csv").exists())
        partial = run("sweep", command.folder / "long.yaml", "--out", out, "--table")
        self.assertIn(f"{24 - done} without a record", partial.out)
        self.assertEqual([row["status"] for row in rows(out / "table.csv")].count("to run"), 24 - done)
        rest = sweep("long.yaml", out=out, ranks=2)
        self.assertEqual((rest["ran"], rest["done"], rest["left"]), (24 - done, 24, 0))
        whole = sweep("long.yaml", ranks=1)
        self.assertEqual(digests(out), digests(whole["out"]))
        self.assertEqual(sweep("long.yaml", out=out)["ran"], 0)

    def test_what_was_available_is_no_part_of_the_record(self):
        put("memory.yaml", "base: small.yaml\nset: {federation.rounds: 1000000000}\ngrid: {seeds.init: [1, 2]}\n")
        one, other = (sweep("memory.yaml", ranks=ranks) for ranks in (1, 2))
        self.assertEqual((one["failed"], other["failed"]), (2, 2))
        for row in rows(one["out"] / "table.csv"):
            self.assertRegex(row["error"], r"the table of 1000000000 rounds needs \d+ bytes \(\S+ GiB\)$")
        self.assertRegex(one["err"], r"needs \d+ bytes \(\S+ GiB\); available: \d+ bytes")
        self.assertEqual(digests(one["out"]), digests(other["out"]))

    @slow
    def test_retry_runs_failed_points_again(self):
        put("late.yaml", "base: small.yaml\nset: {data.file: late.h5}\ngrid: {seeds.init: [1, 2]}\n")
        first = sweep("late.yaml")
        self.assertEqual((first["failed"], first["done"]), (2, 0))
        self.assertIn("late.h5", rows(first["out"] / "table.csv")[0]["error"])
        shutil.copy(command.folder / "data.h5", command.folder / "late.h5")
        self.assertEqual(sweep("late.yaml", out=first["out"])["ran"], 0)
        again = sweep("late.yaml", "--retry", out=first["out"])
        self.assertEqual((again["ran"], again["failed"], again["done"]), (2, 0, 2))

    @slow
    def test_results_are_kept_where_asked_for(self):
        kept = sweep("sweep.yaml", "--keep", "results", ranks=2)
        self.assertEqual(digests(kept["out"]), digests(first_tables()["out"]))
        row = rows(kept["out"] / "table.csv")[1]
        folder = kept["out"] / "points" / row["config_sha256"][:24]
        with h5py.File(folder / "result.h5") as result:
            self.assertEqual(result["metrics/accuracy"][0], float(row["accuracy"]))
            text = bytes(result["config"][()])
        self.assertEqual(hashlib.sha256(text).hexdigest(), row["config_sha256"])
        self.assertIn("round 3/3", (folder / "log.txt").read_text())
        self.assertEqual(list((first_tables()["out"] / "points").glob("*/result.h5")), [])

    def test_a_list_of_the_points(self):
        ran = good("sweep", command.folder / "sweep.yaml", "--out", first_tables()["out"], "--dry-run")
        lines = ran.out.splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual([line.split()[1] for line in lines], ["done", "done", "failed"] * 2)
        self.assertIn("seeds.init=2 missing.rate=0.5 missing.policy=zero", lines[4].replace("client.batch= ", ""))
        out = fresh()
        good("sweep", command.folder / "sweep.yaml", "--out", out, "--dry-run", ranks=2)
        self.assertFalse(out.exists())

    def test_what_is_refused(self):
        for words, parts in [(["--index", 6], ["--index: found 6", "0 to 5"]),
                             (["--group", 3], ["--group: found 3", "number of ranks, 2"]),
                             (["--set", "client.batch=3"], ["--set client.batch=3", "sweep.yaml:4"]),
                             (["--set", "client.bach=3"], ["--set", "'bach'"]),
                             (["--base", "nowhere.yaml"], ["nowhere.yaml", "No such file"])]:
            out = fresh()
            command.refused(self, ["sweep", command.folder / "sweep.yaml", "--out", out, *words], parts, 2, out.parent)
        for words, part in [(["sweep"], "want the YAML file of the sweep"), (["study"], "want the YAML file of the study"), (["sweep", "a", "b"], "'b'"),
                            (["sweep", "a", "--keep", "all"], "'all'"), (["sweep", "a", "--index", "-1"], "-1")]:
            ran = run(*words)
            self.assertEqual((ran.code, part in ran.err), (2, True), ran.err)


def signed_rank_p(differences):
    """Over all signs, ranks counted one by one: slow and plain."""
    used = [d for d in differences if abs(d) > 1e-12]
    def rank(d):
        equal = sum(abs(abs(other) - abs(d)) < 1e-12 for other in used)
        return sum(abs(other) < abs(d) - 1e-12 for other in used) + (equal + 1) / 2
    ranks = [rank(d) for d in used]
    def least(signs):
        plus = sum(r for r, sign in zip(ranks, signs) if sign)
        return min(plus, sum(ranks) - plus)
    found = least([d > 0 for d in used])
    every = [least(signs) for signs in itertools.product([0, 1], repeat=len(used))]
    return sum(value <= found + 1e-9 for value in every) / len(every)


class Stale(unittest.TestCase):
    """Points trained on other data do not enter the same table."""

    @classmethod
    def setUpClass(cls):
        shutil.copy(command.folder / "data.h5", command.folder / "own.h5")
        cls.config = put("own.yaml", command.SMALL.replace("DATA", str(command.folder / "own.h5")))
        cls.file = put("stale.yaml", "base: own.yaml\ngrid: {seeds.init: [1, 2]}\n")
        cls.more = put("stale3.yaml", "base: own.yaml\ngrid: {seeds.init: [1, 2, 3]}\n")

    def tearDown(self):
        shutil.copy(command.folder / "data.h5", command.folder / "own.h5")

    @staticmethod
    def change(name="modality/text/features"):
        with h5py.File(command.folder / "own.h5", "r+") as file:
            numbers = file[name][()]
            numbers.flat[7] = 1 - numbers.flat[7]
            file[name][...] = numbers

    def refused(self, *words, parts=("was trained on other data", "were trained on other data")):
        ran = run(*words)
        self.assertEqual(ran.code, 1, ran.out + ran.err)
        self.assertTrue(any(part in ran.err for part in parts), ran.err)

    def test_replaced_data(self):
        for name in ("modality/text/features", "label/class"):
            out = sweep("stale.yaml")["out"]
            before = (out / "table.csv").read_bytes()
            self.assertEqual(sweep("stale3.yaml", out=out)["ran"], 1)
            self.change(name)
            for file in (self.file, self.more):
                self.refused("sweep", file, "--out", out, parts=["own.h5 and the configuration name now"])
            self.assertEqual(len(records(out)), 3)
            self.tearDown()  # the same content with another time
            self.assertEqual(sweep("stale.yaml", out=out)["ran"], 0)
            self.assertEqual((out / "table.csv").read_bytes(), before)

    def test_records_of_both(self):
        """Data that change while a sweep runs."""
        out, other = sweep("stale.yaml")["out"], fresh()
        self.change()
        sweep("stale.yaml", out=other)
        shutil.copy(records(other)[0], records(out)[0])
        self.refused("sweep", self.file, "--out", out, "--table", parts=["own.h5 has changed in between"])

    def test_a_study(self):
        put("stale_study.yaml", "base: own.yaml\nvariants: {mma: {}, one: {modalities: each}}\nseeds: [1, 2]\nrates: [0]\n"
            "reference: mma\n")
        out = sweep("stale_study.yaml", kind="study")["out"]
        self.change("modality/vision/features")
        self.refused("study", command.folder / "stale_study.yaml", "--out", out)

    def test_an_ansatz_and_a_base(self):
        """A changed OpenQASM file is noticed; points of a changed base are different points."""
        text = ("OPENQASM 3.0;\ninput array[float[64], 2] x;\ninput array[float[64], 2] theta;\nqubit[2] q;\n"
                "ry(x[0]) q[0];\nry(x[1]) q[1];\nrx(theta[0]) q[0];\nrzz(theta[1]) q[0], q[1];\n")
        ansatz = put("stale.qasm", text)
        words = sets(model__registers__text__ansatz=ansatz)
        out = sweep("stale.yaml", *words)["out"]
        put("stale.qasm", text.replace("rx(", "ry("))
        self.refused("sweep", self.file, "--out", out, *words)
        out = sweep("stale.yaml")["out"]
        put("own.yaml", self.config.read_text().replace("rounds: 3", "rounds: 4"))
        ran = sweep("stale.yaml", out=out)
        self.assertEqual(ran["ran"], 2)
        put("own.yaml", self.config.read_text().replace("rounds: 4", "rounds: 3"))


class Study(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ran = sweep("study.yaml", kind="study", ranks=2)
        cls.out = cls.ran["out"]

    def results(self):
        """Accuracies from the result files, by (setting, rate, variant), in the order of the seeds."""
        found = {}
        for row in rows(self.out / "study.csv"):
            with h5py.File(self.out / "points" / row["config_sha256"][:24] / "result.h5") as result:
                self.assertEqual(list(result["seeds"][:]), [int(row["seed"])] * 4)
                accuracy = result["metrics/accuracy"][0]
            self.assertEqual(accuracy, float(row["accuracy"]))
            found.setdefault((row["setting"], row["rate"], row["variant"]), []).append(accuracy)
        return found

    def test_the_numbers_again_from_the_result_files(self):
        found = self.results()
        summary = rows(self.out / "summary.csv")
        self.assertEqual(len(summary), 2 * 2 * 5)
        self.assertEqual([(row["setting"], row["rate"], row["variant"]) for row in summary], list(found))
        for row in summary:
            values = found[row["setting"], row["rate"], row["variant"]]
            mean = sum(values) / 4
            self.assertEqual(int(row["n"]), 4)
            self.assertAlmostEqual(float(row["mean"]), mean, 12)
            self.assertAlmostEqual(float(row["deviation"]) ** 2, sum((x - mean) ** 2 for x in values) / 3, 12)
            if row["variant"] == "zero":
                self.assertEqual((row["pairs"], row["difference"], row["p"]), ("0", "", ""))
                continue
            pairs = [x - y for x, y in zip(values, found[row["setting"], row["rate"], "zero"])]
            self.assertAlmostEqual(float(row["difference"]), sum(pairs) / 4, 12)
            self.assertAlmostEqual(float(row["p"]), signed_rank_p(pairs), 12)
            every = sorted(sum(draw) / 4 for draw in itertools.product(pairs, repeat=4))
            for end, share in [("low", 0.025), ("high", 0.975)]:
                self.assertGreaterEqual(float(row[end]), every[round((share - 0.008) * 256)] - 1e-12)
                self.assertLessEqual(float(row[end]), every[min(round((share + 0.008) * 256), 255)] + 1e-12)
        self.assertTrue(any(row["p"] not in ("", "1") for row in summary))

    def test_nothing_missing_leaves_the_policies_alike(self):
        found = self.results()
        self.assertEqual(found["iid", "0", "mma"], found["iid", "0", "zero"])
        self.assertNotEqual(found["iid", "0.4", "mma"], found["iid", "0.4", "zero"])

    def test_the_file_and_the_text_say_the_same(self):
        summary = rows(self.out / "summary.csv")
        self.assertEqual(notes.without_notes(self.out / "study.h5"), [])
        with h5py.File(self.out / "study.h5") as file:
            numpy.testing.assert_allclose(file["summary/mean"][:], [float(row["mean"]) for row in summary], rtol=1e-14)
            self.assertEqual([text.decode() for text in file["summary/variant"]], [row["variant"] for row in summary])
            self.assertEqual(file["point/accuracy"].shape, (80,))
            self.assertEqual(list(file["point/rate"][:8]), [0.0] * 8)
            self.assertEqual(len(set(file["pattern/present"][:])), 8)  # seven subsets, and nothing
        text = good("study", command.folder / "study.yaml", "--out", self.out).out
        for row in summary:
            self.assertRegex(text, rf"{row['variant']} +4 +{float(row['mean']):.4f} \+- {float(row['deviation']):.4f}")
        self.assertIn("with 4 pairs it cannot be below 0.125", text)

    @slow
    def test_same_tables_on_three_ranks_without_results(self):
        other = sweep("study.yaml", "--keep", "table", kind="study", ranks=3)
        names = ["study.csv", "study.h5", "summary.csv", "patterns.csv"]
        self.assertEqual(digests(other["out"], names), digests(self.out, names))

    @slow
    def test_the_shipped_studies(self):
        """Each is read, and its points are as many as its axes say."""
        for name, base, count in [("study_paper", None, 280), ("study_missing", None, 480), ("study_modalities", None, 200),
                                  ("study_quantum", None, 480), ("study_fusion", None, 270), ("study_qft", None, 40),
                                  ("study_fusion12", "mosei_video.yaml", 80), ("study_defaults", None, 120),
                                  ("study_defaults", "synthetic.yaml", 120), ("study_learning_rate", None, 90),
                                  ("study_policies", None, 250), ("study_adjustment", None, 80), ("study_audit", None, 12),
                                  ("study_paper", "digits.yaml", 240), ("study_paper", "mosei_video.yaml", 280)]:
            words = ["--base", command.JOBS / base] if base else []
            ran = good("study", command.JOBS / f"{name}.yaml", "--dry-run", "--out", fresh(), *words)
            self.assertEqual(len(ran.out.splitlines()), count, name)


if __name__ == "__main__":
    command.main()
