#!/usr/bin/python3
"""`entente export` for TensorBoard and MLflow, read by decoders that share nothing with the program; `entente train
--predictions`.

    python3 tests/test_export.py ENTENTE [TEST...]"""
import csv
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

try:
    import h5py
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; env/debian.sh --tests installs it")
    sys.exit(77)

import notes

ENTENTE = sys.argv[1]
folder = None
CONFIG = """\
data:       {file: data.h5, modalities: [text, audio], label: class}
model:      {registers: {text: {qubits: 2}, audio: {qubits: 2}}}
federation: {clients: 4, rounds: 6, evaluate_every: 2}
run:        {select: validation_loss}
"""


def run(*words, code=0):
    ran = subprocess.run([ENTENTE, *map(str, words)], capture_output=True, text=True, cwd=folder, timeout=150)
    if ran.returncode != code:
        raise AssertionError(f"exit code {ran.returncode}, want {code}, of {words}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout if code == 0 else ran.stderr


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="x-"))
    run("synth", "--out", "data.h5", "--rows", 400, "--classes", 3, "--modalities", "text:6,audio:5")
    with h5py.File(folder / "data.h5", "a") as file:
        file["class_name"] = numpy.array([b"no", b"maybe", b"yes"], dtype="S5")
    (folder / "run.yaml").write_text(CONFIG)
    run("train", "run.yaml", "--out", "one", "--quiet", "--predictions", "one.h5")
    run("train", "run.yaml", "--out", "it's two", "--quiet", "--set", "seeds.init=2", "--predictions", "two.csv")


def tearDownModule():
    shutil.rmtree(folder)


# ---- TensorBoard ----

def crc32c(data):
    """Bit by bit, most significant first, over reversed bits: not the algorithm of the program."""
    reverse = lambda value, width: int(f"{value:0{width}b}"[::-1], 2)
    crc = 0xffffffff
    for byte in data:
        crc ^= reverse(byte, 8) << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x1edc6f41 if crc & 0x80000000 else 0)) & 0xffffffff
    return reverse(crc, 32) ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def records(data):
    at = 0
    while at < len(data):
        head = data[at:at + 8]
        length, = struct.unpack("<Q", head)
        assert struct.unpack("<I", data[at + 8:at + 12])[0] == masked(head)
        body = data[at + 12:at + 12 + length]
        assert struct.unpack("<I", data[at + 12 + length:at + 16 + length])[0] == masked(body)
        yield body
        at += 16 + length


def fields(data):
    """{field: [value, ...]} of a message of Protocol Buffers."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 1:
            value, at = struct.unpack("<d", data[at:at + 8])[0], at + 8
        elif key & 7 == 5:
            value, at = struct.unpack("<f", data[at:at + 4])[0], at + 4
        else:
            assert key & 7 == 2, key
            length = varint()
            value, at = data[at:at + length], at + length
        found.setdefault(key >> 3, []).append(value)
    return found


def events(path):
    """The version, {tag: [(step, value), ...]}, {tag: text}."""
    version, scalars, texts = None, {}, {}
    for record in records(path.read_bytes()):
        event = fields(record)
        step = event.get(2, [0])[0]
        if 3 in event:
            version = event[3][0].decode()
            continue
        for value in fields(event[5][0])[1]:
            value = fields(value)
            tag = value[1][0].decode()
            if 2 in value:
                scalars.setdefault(tag, []).append((step, value[2][0]))
            else:
                tensor, metadata = fields(value[8][0]), fields(value[9][0])
                assert tensor[1] == [7] and fields(metadata[1][0])[1] == [b"text"]
                assert fields(fields(tensor[2][0])[2][0])[1] == [len(tensor[8])]
                texts[tag] = tensor[8][0].decode()
    return version, scalars, texts


class TensorBoard(unittest.TestCase):
    def test_the_checksum_is_that_of_the_standard(self):
        self.assertEqual(crc32c(b"123456789"), 0xe3069283)
        self.assertEqual(crc32c(bytes(32)), 0x8a9136aa)  # RFC 3720, B.4

    def test_every_figure_of_every_round(self):
        run("export", "one", "it's two", "--tensorboard", "board")
        self.assertEqual(sorted(p.name for p in (folder / "board").iterdir()), ["it's two", "one"])
        for name in ("one", "it's two"):
            path, = (folder / "board" / name).glob("*tfevents*")
            version, scalars, texts = events(path)
            self.assertEqual(version, "brain.Event:2")
            with h5py.File(folder / name / "result.h5") as file:
                rounds = {column: file[f"round/{column}"][:] for column in file["round"]}
                self.assertEqual(texts["config"], "```yaml\n" + file["config"][()].decode() + "\n```")
                metrics = {column: file[f"metrics/{column}"][0] for column in file["metrics"]}
                selected = int(file["selected_round"][0])
            for column, values in rounds.items():
                part, _, rest = column.partition("_")
                tag = f"{part}/{rest}" if part in ("train", "validation", "test") else f"round/{column}"
                wanted = [(k + 1, value) for k, value in enumerate(values) if numpy.isfinite(value)]
                if column == "round":
                    wanted = []
                found = scalars.pop(tag, [])
                self.assertEqual([step for step, _ in found], [step for step, _ in wanted], tag)
                numpy.testing.assert_allclose([v for _, v in found], [v for _, v in wanted], rtol=1e-6)
            self.assertEqual([step for step, _ in scalars["final/accuracy"]], [selected + 1])
            self.assertAlmostEqual(scalars["final/accuracy"][0][1], metrics["accuracy"], 6)
            self.assertTrue(all(tag.startswith("final/") for tag in scalars), scalars.keys())

    def test_the_same_result_gives_the_same_bytes(self):
        for name in ("b1", "b2"):
            run("export", "one", "--tensorboard", name)
        first, second = (next((folder / name / "one").iterdir()) for name in ("b1", "b2"))
        self.assertEqual((first.name, first.read_bytes()), (second.name, second.read_bytes()))


class MLflow(unittest.TestCase):
    def test_the_file_store(self):
        run("export", "one", "it's two", "--mlflow", "ml runs")
        experiment, = (folder / "ml runs").iterdir()
        meta = self.meta(experiment)
        self.assertEqual((meta["experiment_id"], meta["name"], meta["lifecycle_stage"]), (experiment.name, "entente", "active"))
        self.assertEqual(self.local(meta["artifact_location"]), experiment)
        found = {}
        for path in experiment.iterdir():
            if not path.is_dir():
                continue
            own = self.meta(path)
            self.assertRegex(path.name, "^[0-9a-f]{32}$")
            self.assertEqual((own["run_id"], own["run_uuid"], own["status"], own["experiment_id"]),
                             (path.name, path.name, "3", experiment.name))
            self.assertEqual(self.local(own["artifact_uri"]), path / "artifacts")
            self.assertLessEqual(int(own["start_time"]), int(own["end_time"]))
            found[own["run_name"]] = path
        self.assertEqual(sorted(found), ["it's two", "one"])
        for name, path in found.items():
            self.check_run(name, path)

    def check_run(self, name, path):
        with h5py.File(folder / name / "result.h5") as file:
            values = file["round/validation_loss"][:]
            accuracy, selected = file["metrics/accuracy"][0], int(file["selected_round"][0])
            self.assertEqual((path / "artifacts/config.yaml").read_bytes(), file["config"][()])
        lines = [line.split() for line in (path / "metrics/validation_loss").read_text().splitlines()]
        self.assertEqual([(float(value), int(step)) for _, value, step in lines],
                         [(value, k + 1) for k, value in enumerate(values) if numpy.isfinite(value)])
        self.assertTrue(all(time.isdigit() and len(time) == 13 for time, _, _ in lines))
        _, value, step = (path / "metrics/accuracy").read_text().split()
        self.assertEqual((float(value), int(step)), (accuracy, selected + 1))
        self.assertEqual((path / "params/run.select").read_text(), "validation_loss")
        self.assertEqual((path / "params/seeds.init").read_text(), "2" if name == "it's two" else "3")
        self.assertEqual((path / "tags/mlflow.runName").read_text(), name)
        for file in path.rglob("*"):
            self.assertRegex(file.name, r"^[\w\-. ]+$")

    @staticmethod
    def meta(path):
        pairs = (line.partition(": ") for line in (path / "meta.yaml").read_text().splitlines())
        return {key: value[1:-1].replace("''", "'") if value[:1] == "'" else value for key, _, value in pairs}

    def local(self, uri):
        self.assertNotIn(" ", uri)
        parts = urllib.parse.urlparse(uri)
        self.assertEqual(parts.scheme, "file")
        return pathlib.Path(urllib.parse.unquote(parts.path))


class Refuses(unittest.TestCase):
    def test_targets_that_exist_and_folders_without_a_result(self):
        (folder / "taken").mkdir()
        (folder / "taken" / "mine").write_text("mine")
        for kind in ("--tensorboard", "--mlflow"):
            self.assertIn("taken: exists already, want the name of a new folder", run("export", "one", kind, "taken", code=1))
            self.assertIn("No such file", run("export", "one", kind, "nowhere/board", code=1))
            self.assertIn("data.h5", run("export", "data.h5", kind, "none", code=1))
            self.assertIn("data.h5", run("export", "one", "data.h5", kind, "none", code=1))
        self.assertEqual([p.name for p in (folder / "taken").iterdir()], ["mine"])
        self.assertEqual([p.name for p in folder.iterdir() if "none" in p.name or "part" in p.name], [])
        self.assertIn("want --tensorboard or --mlflow", run("export", "one", code=2))
        self.assertIn("want a result folder", run("export", "--mlflow", "x", code=2))


class Predictions(unittest.TestCase):
    def test_after_train(self):
        with h5py.File(folder / "one/result.h5") as result, h5py.File(folder / "one.h5") as file:
            order = numpy.argsort(result["part/test/row"][:])
            name = result["label/class_name"][:]
            numpy.testing.assert_array_equal(file["row"][:], result["part/test/row"][:][order])
            numpy.testing.assert_array_equal(file["label"][:], name[result["test/category"][:][order]])
            numpy.testing.assert_array_equal(file["output"][:], result["test/output"][:][order])
            numpy.testing.assert_array_equal(file["predicted"][:], name[result["test/output"][:][order].argmax(1)])
            numpy.testing.assert_array_equal(file["client"][:], result["part/test/client"][:][order])
            self.assertEqual(list(file["class_text"][:]), [b"no", b"maybe", b"yes"])
        self.assertEqual(notes.without_notes(folder / "one.h5"), [])
        with h5py.File(folder / "it's two/result.h5") as result, open(folder / "two.csv", newline="") as lines:
            rows = list(csv.DictReader(lines))
            right = numpy.mean([row["label"] == row["predicted"] for row in rows])
            self.assertAlmostEqual(right, result["metrics/accuracy"][0])
            self.assertEqual([int(row["row"]) for row in rows], sorted(result["part/test/row"][:]))

    def test_refused_before_the_training(self):
        self.assertIn("one.h5: exists", run("train", "run.yaml", "--out", "never", "--predictions", "one.h5", code=1))
        self.assertFalse((folder / "never").exists())
        self.assertIn("ends in .csv or .h5", run("train", "run.yaml", "--predictions", "one.txt", code=2))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
