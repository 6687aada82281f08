"""env/python/entente.py against the command: each reads what the other writes, and bad input is refused.
  test_python.py ENTENTE MPIEXEC NUMPROC_FLAG"""
import os
import shutil
import sys
import tempfile
import unittest

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "env", "python"))
import entente  # noqa: E402
import notes  # noqa: E402

ENTENTE, MPIEXEC, NUMPROC = sys.argv[1:4]
CONFIG = """
data: {file: data.h5, modalities: [text, audio]}
model: {registers: {text: {qubits: 2}, audio: {qubits: 2}}}
federation: {clients: 3, rounds: 2}
"""


def arrays(rows=90):
    random = np.random.default_rng(1)
    y = random.integers(0, 2, rows)
    text = random.normal(size=(rows, 5)) + y[:, None]
    audio = random.normal(size=(rows, 3))
    present = (random.random(rows) < 0.8).astype(int)
    audio[present == 0] = np.nan
    return dict(features={"text": text, "audio": audio}, labels=y, split=np.arange(rows) % 3, present={"audio": present},
                group=np.arange(rows) // 10)


class Python(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="entente-python-")
        self.data = os.path.join(self.folder, "data.h5")
        self.config = os.path.join(self.folder, "config.yaml")
        with open(self.config, "w") as file:
            file.write(CONFIG)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def train(self, **more):
        return entente.train(self.config, entente=ENTENTE, launcher=f"{MPIEXEC} {NUMPROC} {{ranks}}",
                             **{"data.file": self.data}, **more)

    def test_written_trained_loaded(self):
        given = arrays()
        entente.save_dataset(self.data, **given)
        self.assertEqual(notes.without_notes(self.data), [])
        result = self.train(ranks=2, **{"client.batch": 8})
        self.assertEqual(len(result.rounds["test_accuracy"]), 2)
        self.assertIn("batch: 8", result.config)
        test = np.flatnonzero(given["split"] == 2)
        np.testing.assert_array_equal(np.sort(result.parts["test"]["row"]), test)
        rows = result.parts["test"]["row"]
        np.testing.assert_array_equal(result.parts["test"]["context"] >> 1 & 1, given["present"]["audio"][rows])
        right = result.predictions.argmax(axis=1) == given["labels"][rows]
        self.assertAlmostEqual(result.metrics["accuracy"], right.mean(), places=12)
        self.assertEqual(sum(map(len, result.weights.values())), len(np.concatenate(list(result.weights.values()))))
        self.assertEqual(repr(entente.load(os.path.dirname(result.path))), repr(result))

    def test_the_same_layout_gives_the_same_weights(self):
        entente.save_dataset(self.data, **arrays())
        one, three = self.train(ranks=1), self.train(ranks=3)
        for name, values in one.weights.items():
            np.testing.assert_array_equal(values, three.weights[name])

    def refused(self, part, **change):
        given = arrays()
        given.update(change)
        with self.assertRaises(entente.EntenteError) as refusal:
            entente.save_dataset(self.data, **given)
        self.assertIn(part, str(refusal.exception))
        self.assertEqual(os.listdir(self.folder), ["config.yaml"])  # nothing half-written

    def test_refused(self):
        x = arrays()["features"]
        self.refused("found shape (90,), want (rows, dimension)", features={"text": np.zeros(90)})
        self.refused("found 80 rows, want 90", features={"text": x["text"], "audio": x["audio"][:80]})
        self.refused("holds a number that is not finite", present={})
        self.refused("'vision' has no features", present={"audio": arrays()["present"]["audio"], "vision": np.ones(90)})
        self.refused("labels (class): found -1, want at least 0", labels=np.full(90, -1))
        self.refused("split: found 3, want at most 2", split=np.full(90, 3))
        self.refused("no row is 0 (train)", split=np.full(90, 2))
        self.refused("want 1 to 63 bytes", features={"a/b": x["text"]})
        self.refused("found shape (89,), want (90,)", group=np.zeros(89, int))
        self.refused("at least one entry", features={})

    def test_what_the_command_says_is_passed_on(self):
        entente.save_dataset(self.data, **arrays())
        with self.assertRaises(entente.EntenteError) as refusal:
            self.train(**{"client.batch": -3})
        self.assertIn("client.batch", str(refusal.exception))

    def test_a_file_that_is_not_a_result(self):
        entente.save_dataset(self.data, **arrays())
        for path, part in ((self.data, "not a result"), (os.path.join(self.folder, "none"), "no such file")):
            with self.assertRaises(entente.EntenteError) as refusal:
                entente.load(path)
            self.assertIn(part, str(refusal.exception))

    def test_real_labels(self):
        given = arrays()
        given["labels"] = {"value": given["labels"] + 0.25, "class": given["labels"]}
        entente.save_dataset(self.data, **given)
        with h5py.File(self.data) as file:
            self.assertEqual(file["label/value"].dtype.kind, "f")
            self.assertEqual(file["label/class"].dtype, np.int32)
        self.assertFalse(np.isnan(self.train(**{"data.label": "value"}).metrics["mae"]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
