#!/usr/bin/env python3
"""entente privacy, entente audit, and a private training that is killed and continued."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ENTENTE, *LAUNCH = [sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)]
EXAMPLE = ["--rounds", "500", "--cohort", "100", "--clients", "100000", "--delta", "1e-6"]
TRAINING = """data: {file: %s, modalities: [text, audio, vision], label: class}
model:
  registers: {text: {qubits: 2}, audio: {qubits: 2}, vision: {qubits: 2}}
federation: {clients: 12, rounds: 20, evaluate_every: 20, sampling: poisson, participation: 0.8,
             secure: {threshold: 0.2, neighbours: 6}}
privacy: {mode: central, clip: 0.5, noise_multiplier: 0.3, adaptive_quantile: 0.5}
communication: {sparsify: top_k, keep: 0.4, bits: 4, download_bits: 3}
system: {dropout: 0.2}
client: {epochs: 3}
run: {checkpoint_every: 1, threads: 1}
"""
OVERFITTED = """data: {file: %s, modalities: [text, audio, vision], label: class}
model: {kind: mlp, hidden: 64}
federation: {clients: 5, rounds: 15, evaluate_every: 15}
client: {epochs: 10, learning_rate: 0.03}
"""


def run(*words, ranks=0):
    launch = [*LAUNCH, str(ranks)] if ranks else []
    return subprocess.run([*launch, ENTENTE, *map(str, words)], capture_output=True, text=True, timeout=200, check=False)


def last(ran):
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


class Privacy(unittest.TestCase):
    def test_epsilon_of_the_example(self):
        found = last(run("privacy", *EXAMPLE, "--noise", "1.0", "--json"))
        self.assertAlmostEqual(found["pld"]["epsilon"], 0.1409, delta=2e-3)
        self.assertAlmostEqual(found["rdp"]["epsilon"], 0.874, delta=9e-3)

    def test_noise_for_epsilon(self):
        found = last(run("privacy", *EXAMPLE, "--epsilon", "2", "--json"))
        self.assertLess(found["pld"]["noise"], found["rdp"]["noise"])
        again = last(run("privacy", *EXAMPLE, "--noise", found["rdp"]["noise"], "--json"))
        self.assertAlmostEqual(again["rdp"]["epsilon"], 2.0, delta=0.01)

    def test_of_known_participation(self):
        for words in [["--mechanism", "tree", "--times", "4", "--apart", "20"], ["--mode", "local", "--times", "9"],
                      ["--mode", "distributed", "--times", "9"], ["--times", "9"]]:
            words += ["--rounds", "100", "--delta", "1e-5", "--json"]
            found = last(run("privacy", *words, "--epsilon", "3"))
            again = last(run("privacy", *words, "--noise", found["pld"]["noise"]))
            self.assertAlmostEqual(again["pld"]["epsilon"], 3.0, delta=0.003)
            self.assertLess(found["pld"]["noise"], found["rdp"]["noise"])

    def test_of_a_measured_circuit(self):
        words = ["privacy", "--shots", "100", "--qubits", "2", "--delta", "1e-5", "--json"]
        near = last(run(*words, "--depolarizing", "0.2", "--distance", "0.01"))
        self.assertLess(near["epsilon"], last(run(*words, "--depolarizing", "0.2"))["epsilon"])
        self.assertIsNone(last(run(*words, "--depolarizing", "0"))["epsilon"])

    def test_refused(self):
        for words, code, part in [
                (["--rounds", "9", "--mechanism", "tree", "--delta", "1e-5", "--noise", "1", "--cohort", "3"], 2,
                 "want --times instead"),
                (["--rounds", "9", "--mechanism", "tree", "--mode", "local", "--delta", "1e-5", "--noise", "1"], 2,
                 "--mechanism: found tree, want gaussian"),
                (["--rounds", "9", "--mechanism", "tree", "--times", "4", "--apart", "3", "--delta", "1e-5",
                  "--noise", "1"], 2, "--times: found 4, want at most 3 in 9 rounds that are 3 apart"),
                (["--rounds", "9", "--mode", "local", "--apart", "3", "--delta", "1e-5", "--noise", "1"], 2,
                 "--apart: want --mechanism tree"),
                (["--shots", "9", "--depolarizing", "0.1", "--rounds", "3", "--delta", "1e-5"], 2,
                 "--shots: want no option of a training"),
                ([*EXAMPLE, "--noise", "1", "--qubits", "3"], 2, "want --shots with them"),
                (["--shots", "9", "--depolarizing", "1.5", "--delta", "1e-5"], 2, "--depolarizing: found '1.5'"),
                (["--shots", "9", "--depolarizing", "0.1", "--delta", "2"], 1, "delta: found 2, want a number"),
                ([*EXAMPLE[:-1], "1", "--noise", "1"], 1, "delta: found 1, want a number between 0 and 1"),
                ([*EXAMPLE[:-1], "0", "--noise", "1"], 1, "delta: found 0, want a number between 0 and 1"),
                ([*EXAMPLE, "--noise", "1", "--epsilon", "1"], 2, "want one of --noise and --epsilon"),
                (["--rounds", "9", "--cohort", "11", "--clients", "10", "--delta", "0.1", "--noise", "1"], 2,
                 "--cohort: found 11, want at most the clients, 10"),
                (["--rounds", "9", "--cohort", "10", "--clients", "10", "--delta", "1e-9", "--epsilon", "1e-9"], 1,
                 "cannot be reached in 9 rounds")]:
            ran = run("privacy", *words)
            self.assertEqual((ran.returncode, part in ran.stderr), (code, True), (words, ran.stderr))


class Trained(unittest.TestCase):
    def setUp(self):
        self.held = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.held.name)

    def tearDown(self):
        self.held.cleanup()

    def data(self, name, *words):
        run("synth", "--out", self.folder / name, *words)
        return self.folder / name

    def config(self, text, data):
        path = self.folder / "config.yaml"
        path.write_text(text % data)
        return path

    def test_kill_and_resume_with_all_of_it(self):
        config = self.config(TRAINING, self.data("data.h5", "--rows", "1200"))
        whole = last(run("train", config, "--out", self.folder / "whole", "--json", ranks=2))
        self.assertGreater(whole["epsilon"], 0.0)
        plain = last(run("train", config, "--out", self.folder / "plain", "--json", "--set",
                         "federation.secure.threshold=0"))
        self.assertEqual(whole["weights_sha256"], plain["weights_sha256"])
        out = self.folder / "killed"
        process = subprocess.Popen([ENTENTE, "train", str(config), "--out", str(out)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not (out / "checkpoint.h5").exists():
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.assertFalse((out / "result.h5").exists())
        rest = last(run("train", config, "--out", out, "--resume", "--json", ranks=3))
        self.assertEqual((rest["weights_sha256"], rest["epsilon"]), (whole["weights_sha256"], whole["epsilon"]))

    def test_epsilon_is_that_of_the_training(self):
        data = self.data("data.h5", "--rows", "400")
        path = self.folder / "config.yaml"
        path.write_text(f"data: {{file: {data}, modalities: [text, audio, vision], label: class}}\n"
                        "model: {kind: logistic}\n"
                        "federation: {clients: 5, rounds: 11, evaluate_every: 11}\n"
                        "privacy: {mode: central, noise_multiplier: 3, delta: 1.0e-5}\n")
        for key, value, words in [("privacy.mechanism", "tree", ["--mechanism", "tree"]),
                                  ("privacy.mode", "local", ["--mode", "local"]),
                                  ("privacy.mode", "distributed", ["--mode", "distributed"])]:
            trained = last(run("train", path, "--out", self.folder / value, "--json", "--set", f"{key}={value}",
                               "--set", f"federation.secure.threshold={0.5 if value == 'distributed' else 0}"))
            found = last(run("privacy", *words, "--rounds", "11", "--noise", "3", "--delta", "1e-5", "--json"))
            self.assertAlmostEqual(trained["epsilon"], found["pld"]["epsilon"], delta=1e-6)

    def test_an_attack(self):
        data = self.data("small.h5", "--rows", "400", "--noise", "1.5")
        config = self.config(OVERFITTED, data)
        advantage = {}
        for name, words in [("open", []), ("private", ["--set", "privacy.mode=central"])]:
            last(run("train", config, "--out", self.folder / name, "--json", *words))
            found = last(run("audit", self.folder / name, "--json"))
            self.assertEqual((found["members"], found["others"]), (280, 80))
            self.assertEqual(found["epsilon"] is None, name == "open")
            self.assertTrue((self.folder / name / "audit.svg").exists())
            advantage[name] = found["threshold"]["advantage"]
        self.assertGreater(advantage["open"]["low"], advantage["private"]["high"])
        page = self.folder / "page.html"
        ran = run("report", self.folder / "open", self.folder / "private", "--out", page)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        text = page.read_text()
        self.assertIn("Membership inference", text)
        self.assertIn("Privacy by round", text)
        (self.folder / "open" / "audit.csv").write_text("false_positive_rate,threshold,ratio\n0.00,1\n")
        ran = run("report", self.folder / "open", "--out", self.folder / "no.html")
        self.assertEqual((ran.returncode, "audit.csv: not in the format" in ran.stderr), (1, True), ran.stderr)
        ran = run("audit", self.folder / "open", "--data", self.data("other.h5", "--rows", "300"))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("other.h5", ran.stderr)


if __name__ == "__main__":
    unittest.main()
