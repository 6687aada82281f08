"""benchmarks/results.py: sections of RESULTS.md from the tables of studies, and no other figure.
  test_results.py SOURCE_DIR"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
SECTIONS = ["answers", "accuracy", "paper", "missing", "modalities", "quantum", "fusion", "choice", "others"]
TEXT = "# Results\ntyped\n" + "".join(f"<!-- study {s} -->\nold {s}\n<!-- end -->\n" for s in SECTIONS) + "typed\n"


def study(folder, cells):
    """cells: setting, rate, variant, mean, and difference, low, high, or nothing for the reference."""
    folder.mkdir(parents=True)
    lines = ["data,setting,rate,variant,n,mean,deviation,pairs,difference,low,high,p"]
    for setting, rate, variant, mean, *difference in cells:
        more = ",".join(map(str, difference)) if difference else ",,"
        lines.append(f"x,{setting},{rate},{variant},3,{mean},0.01,3,{more},0.5")
    (folder / "summary.csv").write_text("\n".join(lines) + "\n")
    rows = [f"{s},{v},{seed},done,{77 if v == 'mlp' else 93}" for s, _, v, *_ in cells for seed in (1, 2, 3)]
    (folder / "study.csv").write_text("setting,variant,seed,status,params\n" + "\n".join(rows) + "\n")


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

    def section(self, name):
        return self.results.read_text().split(f"<!-- study {name} -->\n")[1].split("<!-- end -->")[0]

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
        lines = self.section("answers").strip().splitlines()
        self.assertEqual([line.split(".")[0] for line in lines], [str(k) for k in range(1, 11)])
        self.assertIn("no readout of two registers? in 1 of 2 comparisons, and the reverse in 1: +4.5 points in the mean of "
                      "2, from -1.0 [-2.0, -0.2] to +10.0 [+8.0, +12.0];", lines[0])
        self.assertIn("Against zeros: yes: +2.0 [+1.0, +3.0] points; against means: no difference to be seen: ", lines[7])
        self.assertIn("out: no, the reverse: -1.0 [-2.0, -0.5] points.", lines[7])
        self.assertIn("not measured with 3 seeds", lines[8])

    def test_candidates_of_the_defaults(self):
        (self.studies / "choose.txt").write_text("logistic regression: x 0.9\n\none: client.epochs=2 a.b=1\n"
                                                 "  x     1.0  2.0  3.0\n  mean     1.5   -2.0   3.0   all 0.8\n")
        self.assertEqual(self.write().returncode, 0)
        self.assertIn("| one | `client.epochs=2 a.b=1` | 1.5 | -2.0 | 3.0 | 0.8 |", self.section("choice"))

    def test_refuses_a_file_without_markers(self):
        self.results.write_text(TEXT.replace("<!-- study paper -->", ""))
        ran = self.write()
        self.assertEqual(ran.returncode, 1)
        self.assertIn("found no '<!-- study paper -->'", ran.stderr)


if __name__ == "__main__":
    unittest.main()
