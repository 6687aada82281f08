"""benchmarks/results.py: sections of RESULTS.md from the tables of studies, and no other figure.
  test_results.py SOURCE_DIR"""
import csv
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
SECTIONS = ["answers", "accuracy", "learning_rate", "paper", "missing", "modalities", "quantum", "fusion", "choice",
            "policies", "adjustment", "rules", "noise", "depth", "qubits", "shots", "optimiser", "communication", "privacy",
            "audit"]
TEXT = ("# Results\ntyped\n" + "".join(f"<!-- study {s} -->\nold {s}\n<!-- end -->\n" for s in SECTIONS) + "typed\n" +
        "<!-- timing batch -->\nold batch\n<!-- end -->\n")


def study(folder, cells, more=lambda setting, variant, seed: {}):
    """cells: setting, rate, variant, mean, and difference, low, high, or nothing for the reference; a mean that is None: no
    training of it has run.  `more`: further columns of a point."""
    folder.mkdir(parents=True)
    lines = ["data,setting,rate,variant,n,mean,deviation,pairs,difference,low,high,p"]
    for setting, rate, variant, mean, *difference in cells:
        ran = mean is not None
        apart = ",".join(map(str, difference)) if difference else ",,"
        lines.append(f"x,{setting},{rate},{variant},{3 if ran else 0},{mean if ran else ''},{0.01 if ran else ''},"
                     f"{3 if ran else 0},{apart},0.5")
    (folder / "summary.csv").write_text("\n".join(lines) + "\n")
    rows = [{"point": str(k), "setting": s, "rate": r, "variant": v, "seed": str(seed),
             "status": "to run" if mean is None else "done", "accuracy": "" if mean is None else f"{mean + seed / 1000}",
             "params": "" if mean is None else "77" if v == "mlp" else "93", **more(s, v, seed)}
            for k, (s, r, v, mean, *_) in enumerate(cells) for seed in (1, 2, 3)]
    with open(folder / "study.csv", "w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.studies, self.results = self.root / "studies", self.root / "RESULTS.md"
        self.studies.mkdir()
        self.results.write_text(TEXT)

    def tearDown(self):
        self.folder.cleanup()

    def write(self):
        return subprocess.run([sys.executable, SOURCE / "benchmarks/results.py", "write", self.results, self.studies,
                               self.root, "true"], capture_output=True, text=True, check=False)

    def section(self, name, kind="study"):
        return self.results.read_text().split(f"<!-- {kind} {name} -->\n")[1].split("<!-- end -->")[0]

    def test_without_studies_nothing_changes(self):
        self.assertEqual(self.write().returncode, 0)
        self.assertEqual(self.results.read_text(), TEXT)

    def test_a_table_has_the_figures_of_the_study(self):
        study(self.studies / "paper-mosi", [("iid", "0.3", "mma", 0.7), ("iid", "0.3", "zero", 0.68, -0.02, -0.03, -0.01)])
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| mma | 0.700 ± 0.010 |", self.section("paper"))
        self.assertIn("| zero | 0.680 ± 0.010 (-2.0 [-3.0, -1.0]) |", self.section("paper"))
        self.assertIn("CMU-MOSI (3 seeds", self.section("paper"))
        self.assertEqual(self.section("quantum"), "old quantum\n")
        self.assertTrue(self.results.read_text().startswith("# Results\ntyped\n"))
        before = self.results.read_text()
        self.assertEqual(self.write().returncode, 0)
        self.assertEqual(self.results.read_text(), before)

    def test_the_answers_follow_the_intervals(self):
        study(self.studies / "paper-mosi", [("iid", "0.3", "mma", 0.7), ("iid", "0.3", "zero", 0.68, -0.02, -0.03, -0.01),
                                            ("iid", "0.3", "mean", 0.7, 0.0, -0.01, 0.01),
                                            ("iid", "0.3", "drop", 0.71, 0.01, 0.005, 0.02)])
        study(self.studies / "fusion-synth", [("q4", "0", "ring1", 0.8), ("q4", "0", "none", 0.7, -0.1, -0.12, -0.08),
                                              ("q6", "0", "ring1", 0.8), ("q6", "0", "none", 0.81, 0.01, 0.002, 0.02)])
        self.assertEqual(self.write().returncode, 0)
        text = self.section("answers")
        self.assertEqual(re.findall(r"(?m)^(\d+)\. ", text), [str(k) for k in range(1, 11)])
        self.assertIn("   - against no fusion and no readout of two registers: in 1 of 2 comparisons, and the reverse in 1; mean "
                      "+4.5 points, from -1.0 [-2.0, -0.2] to +10.0 [+8.0, +12.0]\n", text)
        self.assertIn("   - against zeros: yes: +2.0 [+1.0, +3.0] points\n   - against means: no difference to be seen: ", text)
        self.assertIn("incomplete rows out: no, the reverse: -1.0 [-2.0, -0.5] points\n", text)
        self.assertIn("   - in the test only, by sample or client: not measured with 3 seeds\n", text)

    def test_candidates_of_the_defaults(self):
        (self.studies / "choose.txt").write_text("logistic regression: x 0.9\n\none: client.epochs=2 a.b=1\n"
                                                 "  x     1.0  2.0  3.0\n  mean     1.5   -2.0   3.0   all 0.8\n")
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| one | `client.epochs=2 a.b=1` | 1.5 | -2.0 | 3.0 | 0.8 |", self.section("choice"))

    def test_a_variant_without_runs_has_no_figures(self):
        study(self.studies / "fusion-mosi", [("q4", "0", "ring1", 0.8), ("q4", "0", "reupload", None)])
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| reupload | - | - | - |", self.section("fusion"))
        self.assertIn("(3 seeds, ", self.section("fusion"))
        self.assertIn(", 3 still to run)", self.section("fusion"))

    def test_keys_of_a_variant_are_those_of_its_study(self):
        sys.path.insert(0, str(SOURCE / "benchmarks"))
        import results
        self.assertEqual(results.overrides("fusion", "ring1"), [])
        self.assertEqual(results.overrides("qft", "qft2"), ["model.fusion.gate=qft", "model.fusion.layers=2"])
        self.assertEqual(results.overrides("quantum", "product"), ["model.fusion.pattern=none", "model.registers.*.ansatz=product"])
        self.assertIsNone(results.overrides("fusion", "nothing"))

    def test_a_rate_is_chosen_on_validation_rows(self):
        """fused and one kind gain 1 point, another 0.4, in the mean of two data sets; test accuracy says the opposite."""
        gain = {"fused": 0.01, "mlp": 0.01, "logistic": 0.004}

        def validation(setting, variant, _):
            return {"validation_accuracy": 0.7 + (gain[variant] if setting.endswith("third") else 0)}

        cells = [(f"iid_{rate}", "0", kind, 0.5 if rate == "third" else 0.6)
                 for rate in ("third", "default", "triple") for kind in gain]
        for name in ("mosi", "synth"):
            study(self.studies / f"learning_rate-{name}", cells, validation)
        self.assertEqual(self.write().returncode, 0)
        text = self.section("learning_rate")
        self.assertIn("| mlp | mean | 0.710 (+1.0) | 0.700 | 0.700 (+0.0) |", text)
        self.assertIn("over the data sets: `mlp` 0.0167 (+1.0 points).", text)

    def test_noise_is_compared_between_settings_by_seed(self):
        study(self.studies / "noise-mosi", [("none", "0", "fedavg", 0.8), ("unequal5", "0", "fedavg", 0.7),
                                            ("none", "0", "qrail", 0.8, 0, 0, 0),
                                            ("unequal5", "0", "qrail", 0.72, 0.02, 0.01, 0.03)])
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("compared with `none`)? Yes: +10.0 [+10.0, +10.0] points.", self.section("noise"))
        self.assertIn("`qrail`: yes: +2.0 [+1.0, +3.0] points.", self.section("noise"))

    def test_unequal_qubits(self):
        study(self.studies / "qubits-mosi", [("exact", "0", "unequal", 0.75), ("exact", "0", "wide", 0.76, 0.01, 0.002, 0.02),
                                             ("exact", "0", "narrow", 0.76, 0.01, -0.01, 0.02)])
        study(self.studies / "qubits-digits", [("exact", "0", "unequal", 0.9), ("exact", "0", "wide", 0.93, 0.03, 0.01, 0.05),
                                               ("exact", "0", "narrow", 0.86, -0.04, -0.05, -0.03)])
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| narrow | 0.860 ± 0.010 (-4.0 [-5.0, -3.0]) |", self.section("qubits"))
        self.assertIn("two qubits for all? With everything present: yes: +4.0 [+3.0, +5.0] points", self.section("qubits"))
        self.assertIn("four for all? With everything present: no, the reverse: -3.0 [-5.0, -1.0] points",
                      self.section("qubits"))

    def test_bytes_and_epsilon(self):
        sent = {"whole": 4096, "up4": 1024, "up1": 512}
        study(self.studies / "communication-mosi", [("iid", "0", "whole", 0.8), ("iid", "0", "up4", 0.8, 0, -0.01, 0.01),
                                                    ("iid", "0", "up1", 0.7, -0.1, -0.2, -0.05)],
              lambda s, v, seed: {"bytes_up": sent[v], "bytes_down": 4096})
        self.assertEqual(self.write().returncode, 0)
        text = self.section("communication")
        self.assertIn("| up4 | 1 + 4 | 37.5 % | 0.800 ± 0.010 (+0.0 [-1.0, +1.0]) |", text)
        self.assertIn("is to be seen with `up4`; of these `up4` saves most: 37.5 % of all bytes.", text)
        study(self.studies / "privacy-mosi", [("clients", "0", "none", 0.8), ("clients", "0", "noise2", 0.7, -0.1, -0.2, -0.05)],
              lambda s, v, seed: {"epsilon": "" if v == "none" else 5 + seed})
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| noise2 | 6 to 8 | CMU-MOSI | 0.700", self.section("privacy"))
        self.assertIn("Epsilon 6 to 8? Yes: +10.0 [+5.0, +20.0] points.", self.section("privacy"))

    def test_what_other_programs_have_printed(self):
        (self.studies / "rules-iid.txt").write_text("| rule | test |\n|---|---|\n| fedavg | 0.7 |\n")
        (self.studies / "timings").mkdir()
        (self.studies / "timings/batch.txt").write_text("a machine\n$ bench_batch\n 8  1.0\n\n$ memory.sh\n| a |\n|---|\n\n")
        self.assertEqual(self.write().returncode, 0)
        self.assertEqual(self.section("rules"), "\n| rule | test |\n|---|---|\n| fedavg | 0.7 |\n\n")
        self.assertEqual(self.section("batch", "timing"), 
                         "\na machine\n\n```\n$ bench_batch\n 8  1.0\n```\n\n`memory.sh`\n\n| a |\n|---|\n\n")

    def test_the_file_has_every_marker(self):
        self.results.write_text((SOURCE / "benchmarks/RESULTS.md").read_text())
        self.assertEqual(self.write().returncode, 0, self.write().stderr)

    def test_refuses_a_file_without_markers(self):
        self.results.write_text(TEXT.replace("<!-- study paper -->", ""))
        ran = self.write()
        self.assertEqual(ran.returncode, 1)
        self.assertIn("found no '<!-- study paper -->'", ran.stderr)


if __name__ == "__main__":
    unittest.main()
