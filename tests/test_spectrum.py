#!/usr/bin/env python3
"""entente spectrum and entente plateaus: the numbers in their files, against sums computed here."""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

ENTENTE, MPIEXEC, NUMPROC = sys.argv[1:4]
del sys.argv[1:4]
CONFIG = """data: {file: %s, modalities: [text, audio], label: class}
model:
  registers: {text: {qubits: 2, layers: 3}, audio: {qubits: 2, layers: 2, reupload: false}}
federation: {clients: 2, rounds: 1}
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


class Spectrum(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.data = os.path.join(cls.folder.name, "data.h5")
        cls.result = os.path.join(cls.folder.name, "result")
        config = os.path.join(cls.folder.name, "small.yaml")
        run(ENTENTE, "synth", "--rows", "200", "--out", cls.data)
        with open(config, "w") as file:
            file.write(CONFIG % cls.data)
        done = run(ENTENTE, "train", config, "--out", cls.result, "--quiet")
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def spectrum(self, *options, ranks=None):
        start = [MPIEXEC, NUMPROC, str(ranks)] if ranks else []
        return run(*start, ENTENTE, "spectrum", self.result, "--json", *options)

    def figures(self, *options, ranks=None):
        done = self.spectrum(*options, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def test_nothing_is_beyond_the_degree(self):
        for name, degree in [("text:0", 3), ("text:1", 3), ("audio:1", 1)]:
            found = self.figures("--input", name, "--points", "32", "--samples", "5")
            self.assertEqual((found["degree"], found["points"], found["samples"]), (degree, 32, 5))
            self.assertLess(found["beyond"], 1e-13)
            for output in found["mean"]:
                self.assertEqual(len(output), 17)
                self.assertGreater(max(output[1 : degree + 1]), 1e-6)

    def test_points_do_not_matter(self):
        few = self.figures("--input", "text:0", "--points", "7")["mean"]
        many = self.figures("--input", "text:0", "--points", "64")["mean"]
        for a, b in zip(few, many):
            for k in range(4):
                self.assertAlmostEqual(a[k], b[k], delta=1e-13)

    def test_ranks_do_not_matter(self):
        self.assertEqual(self.figures("--input", "text:0"), self.figures("--input", "text:0", ranks=3))

    def test_the_files(self):
        out = os.path.join(self.folder.name, "out")
        found = self.figures("--input", "audio:0", "--out", out)
        with open(os.path.join(out, "spectrum-audio-0.csv")) as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([float(r["mean"]) for r in rows], [x for output in found["mean"] for x in output])
        with open(os.path.join(out, "spectrum-audio-0.svg")) as file:
            picture = file.read()
        self.assertIn("Fourier spectrum in data angle audio:0", picture)

    def test_refusals(self):
        for words, options in [
            (["no data angle 4", "0 to 3"], ["--input", "text:4"]),
            (["found 'smell'", "text, audio"], ["--input", "smell:0"]),
            (["found 'text'", "MODALITY:K"], ["--input", "text"]),
            (["6 points", "at least 7"], ["--input", "text:0", "--points", "6"]),
            (["/nowhere.h5"], ["--input", "text:0", "--data", "/nowhere.h5"]),
        ]:
            done = self.spectrum(*options)
            self.assertNotEqual(done.returncode, 0)
            for word in words:
                self.assertIn(word, done.stderr)


class Plateaus(unittest.TestCase):
    def test_table_and_files(self):
        with tempfile.TemporaryDirectory() as folder:
            options = ["--qubits", "2,3", "--layers", "1,4", "--samples", "50", "--out", folder, "--json"]
            done = run(ENTENTE, "plateaus", *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])["points"]
            with open(os.path.join(folder, "plateaus.csv")) as file:
                rows = list(csv.DictReader(file))
            self.assertEqual([(r["qubits"], r["layers"]) for r in rows],
                             [("2", "1"), ("3", "1"), ("2", "4"), ("3", "4")])
            self.assertEqual([float(r["variance"]) for r in rows], [p["variance"] for p in found])
            self.assertTrue(all(0 < p["variance"] < 1 for p in found))
            self.assertTrue(os.path.getsize(os.path.join(folder, "plateaus.svg")) > 500)

    def test_refusals(self):
        for options in [["--qubits", "4,2"], ["--ansatz", "best"], ["--samples", "1"], ["extra"]]:
            self.assertEqual(run(ENTENTE, "plateaus", *options).returncode, 2)


if __name__ == "__main__":
    unittest.main()
