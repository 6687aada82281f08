"""The import, inspect and merge commands, against an independent reading with h5py and numpy.

    test_import.py ENTENTE MPIEXEC RANKS_FLAG [CLASS...]

Real files are read where ENTENTE_DATA names their folder.  Exit code 77: Python lacks h5py or numpy.
"""
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

try:
    import h5py
    import numpy as np
except ImportError as why:
    print(f"skipped: {why} (env/debian.sh --tests installs it)")
    sys.exit(77)

import notes

ENTENTE, MPIEXEC, RANKS_FLAG = (sys.argv + [None] * 4)[1:4]
DATA = os.environ.get("ENTENTE_DATA")
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
STEPS_D = 5


def call(*arguments, ranks=0):
    command = ([MPIEXEC, RANKS_FLAG, str(ranks)] if ranks else []) + [ENTENTE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="entente-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_well(self, *arguments, ranks=0):
        done = call(*arguments, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, part, *arguments, ranks=0):
        """Ends with code 1 and a message that holds `part`; neither the output nor its temporary name exists."""
        before = set(os.listdir(self.folder))
        done = call(*arguments, ranks=ranks)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(part, done.stderr)
        self.assertEqual(set(os.listdir(self.folder)), before)


# ---- .csd ----

def write_csd(path, content, root="Root name", metadata=True, **options):
    """content: {id: (intervals, features)}"""
    with h5py.File(path, "w") as file:
        for name, (intervals, features) in content.items():
            group = file.create_group(f"{root}/data/{name}")
            group.create_dataset("features", data=features, **options)
            group.create_dataset("intervals", data=intervals, **options)
        if metadata:
            file[f"{root}/metadata/root name"] = json.dumps(root)


def example(seed=1, videos=9):
    """Labels with overlaps, gaps and an instant; audio steps of uneven length, some ids missing, some without label."""
    draw = np.random.default_rng(seed)
    labels, audio = {}, {}
    for v in range(videos):
        name = ["-dash", "_line", "0digit"][v] if v < 3 else f"video{v}"
        start = np.cumsum(draw.uniform(0.5, 3.0, 4 + v))
        end = start + draw.uniform(0.2, 4.0, start.size)
        end[2] = start[2]
        labels[name] = np.stack([start, end], 1), np.round(draw.uniform(-3.4, 3.4, (start.size, 3)), 1)
        if v == 5:
            continue
        edge = np.cumsum(draw.uniform(0.01, 0.7, 60))
        audio[name] = np.stack([edge[:-1], edge[1:]], 1), draw.normal(size=(59, STEPS_D))
    audio["nobody"] = audio["-dash"]
    return labels, audio


def overlaps(segment, intervals):
    shared = np.minimum(intervals[:, 1], segment[1]) - np.maximum(intervals[:, 0], segment[0])
    if (shared > 0).any():
        return np.maximum(shared, 0)
    if segment[0] == segment[1]:
        return ((intervals[:, 0] <= segment[0]) & (segment[0] < intervals[:, 1])).astype(float)
    return np.zeros(len(intervals))


def pooled(how, weight, x):
    used = weight > 0
    if how == "max":
        return x[used].max(0)
    if how == "first":
        return x[used][0]
    mean = (weight[:, None] * x).sum(0) / weight.sum()
    if how == "mean":
        return mean
    return np.concatenate([mean, np.sqrt((weight[:, None] * (x - mean) ** 2).sum(0) / weight.sum())])


def expected(labels, audio, how="mean"):
    rows, present = [], []
    for name in sorted(labels):
        for segment in labels[name][0]:
            weight = overlaps(segment, audio[name][0]) if name in audio else np.zeros(0)
            present.append(weight.sum() > 0)
            width = STEPS_D * (2 if how == "mean_std" else 1)
            rows.append(pooled(how, weight, audio[name][1]) if present[-1] else np.full(width, np.nan))
    return np.array(rows), np.array(present)


class Csd(Case):
    def write(self, labels, audio, **options):
        write_csd(self.path("labels.csd"), labels, **options)
        write_csd(self.path("audio.csd"), audio, root="COVAREP", **options)

    def arguments(self, *more):
        return ("import", "csd", "--modality", f"audio={self.path('audio.csd')}", "--labels", self.path("labels.csd"),
                "--out", self.path("out.h5"), *more)

    def imported(self, *more, ranks=0):
        self.text = self.run_well(*self.arguments("--replace", *more), ranks=ranks)
        self.assertEqual(notes.without_notes(self.path("out.h5")), [])
        return h5py.File(self.path("out.h5"), "r")


class CsdComputes(Csd):
    def test_pools_like_numpy(self):
        labels, audio = example()
        self.write(labels, audio)
        for how in ("mean", "mean_std", "max", "first"):
            want, present = expected(labels, audio, how)
            with self.imported("--pool", how) as file:
                found = file["modality/audio/features"][:]
                np.testing.assert_array_equal(file["modality/audio/present"][:], present)
                np.testing.assert_allclose(found[present], want[present].astype(np.float32), rtol=3e-7, atol=1e-7)
                self.assertTrue(np.isnan(found[~present]).all())
        self.assertIn("1 ids without labels", self.text)
        self.assertIn("lacks 1 ids of the labels", self.text)

    def test_labels_and_their_classes(self):
        labels, audio = example()
        self.write(labels, audio)
        value = np.concatenate([labels[name][1] for name in sorted(labels)])
        names = [f"{name}[{k}]" for name in sorted(labels) for k in range(len(labels[name][1]))]
        for binning in ("mosei", "mosi"):
            with self.imported("--binning", binning) as file:
                label = file["label"]
                np.testing.assert_array_equal(label["value"][:], value[:, 0])
                np.testing.assert_array_equal(label["column_2"][:], value[:, 2])
                np.testing.assert_array_equal(label["class"][:], value[:, 0] >= 0)
                np.testing.assert_array_equal(label["class7"][:], np.round(np.clip(value[:, 0], -3, 3)) + 3)
                np.testing.assert_array_equal(label["class5"][:], np.round(np.clip(value[:, 0], -2, 2)) + 2)
                three = np.sign(value[:, 0]) if binning == "mosei" else np.round(np.clip(value[:, 0], -1, 1))
                np.testing.assert_array_equal(label["class3"][:], three + 1)
                self.assertEqual([name.decode() for name in file["id"][:]], names)

    def test_no_video_is_in_two_parts(self):
        self.write(*example(videos=30))
        parts = []
        for seed in ("1", "2", "1"):
            with self.imported("--split", "0.5,0.2,0.3", "--seed", seed) as file:
                split, group = file["split"][:], file["group"][:]
            for video in np.unique(group):
                self.assertEqual(np.unique(split[group == video]).size, 1)
            np.testing.assert_allclose(np.bincount(split) / split.size, [0.5, 0.2, 0.3], atol=0.1)
            parts.append(split)
        self.assertFalse(np.array_equal(parts[0], parts[1]))
        np.testing.assert_array_equal(parts[0], parts[2])

    def test_folds_in_several_spellings(self):
        labels, audio = example()
        self.write(labels, audio)
        spellings = [
            "standard_train_fold=['-dash', '_line',\n 'video3']\nstandard_valid_fold=['video4']\n"
            "standard_test_fold=['0digit']  # the rest is left out\n",
            '{"train": ["-dash", "_line", "video3"], "validation": ["video4"], "test": ["0digit"]}',
            "train:\n - -dash\n - _line\n - video3\nvalidation:\n - video4\ntest: 0digit\n",
        ]
        part = {"-dash": 0, "_line": 0, "video3": 0, "video4": 1, "0digit": 2}
        want = [part[name] for name in sorted(labels) if name in part for _ in labels[name][0]]
        for text in spellings:
            with open(self.path("folds"), "w") as file:
                file.write(text)
            with self.imported("--folds", self.path("folds")) as file:
                np.testing.assert_array_equal(file["split"][:], want)
                self.assertEqual(np.unique(file["group"][:]).size, 5)
            self.assertIn("left out", self.text)

    def test_aligned_ids_and_other_types(self):
        labels, audio = example()
        want, present = expected(labels, audio)
        aligned = {f"{name}[{k}]": (labels[name][0][k:k + 1], labels[name][1][k:k + 1])
                   for name in labels for k in range(len(labels[name][0]))}
        self.write(aligned, audio, chunks=True, compression="gzip")
        with self.imported() as file:
            names = [name.decode() for name in file["id"][:]]
            plain = [f"{name}[{k}]" for name in sorted(labels) for k in range(len(labels[name][0]))]
            order = [names.index(name) for name in plain]
            found = file["modality/audio/features"][:][order]
            np.testing.assert_allclose(found[present], want[present].astype(np.float32), rtol=3e-7, atol=1e-7)
            self.assertEqual(np.unique(file["group"][:]).size, len(labels))
        whole = {name: (t, np.round(x * 9).astype(np.int16).reshape(len(x), STEPS_D, 1)) for name, (t, x) in audio.items()}
        self.write(labels, whole)
        with self.imported() as file:
            want, _ = expected(labels, {name: (t, x.reshape(len(x), -1)) for name, (t, x) in whole.items()})
            np.testing.assert_allclose(file["modality/audio/features"][:][present], want[present], rtol=3e-7)

    def test_numbers_that_are_not_finite(self):
        labels, audio = example()
        audio["video3"][1][:, 2] = np.inf           # a whole column of an id
        audio["video4"][1][7, 1] = np.nan           # one number
        self.write(labels, audio)
        order = sorted(labels)
        group = np.array([g for g, name in enumerate(order) for _ in labels[name][0]])
        with self.imported() as file:
            found, present = file["modality/audio/features"][:], file["modality/audio/present"][:] == 1
            split = file["split"][:]
            rows = (group == order.index("video3")) & present
            fine = present & ~rows & (split == 0)
            np.testing.assert_allclose(found[rows, 2], found[fine, 2].astype(float).mean(), rtol=1e-6)
            self.assertTrue(np.isfinite(found[present]).all())
        self.assertIn("non-finite numbers", self.text)
        self.assertIn("training mean", self.text)
        with self.imported("--nonfinite", "absent") as file:
            present = file["modality/audio/present"][:]
            self.assertEqual(present[group == order.index("video3")].sum(), 0)
            self.assertEqual(present[group == order.index("video4")].sum(), len(labels["video4"][0]))
        self.refused("want a finite number", *self.arguments("--replace", "--nonfinite", "error"))

    def test_same_file_on_any_number_of_ranks(self):
        labels, audio = example(videos=17)
        audio["video6"][1][:, 3] = np.nan
        self.write(labels, audio)
        files = []
        for ranks in (0, 1, 2, 5):
            self.imported("--pool", "mean_std", ranks=ranks).close()
            with open(self.path("out.h5"), "rb") as file:
                files.append(file.read())
        self.assertEqual(len(set(files)), 1)

    def test_what_is_before_time_0_overlaps_nothing(self):
        steps = np.array([[-2.0, -0.5], [-0.5, 0.5], [0.5, 1.0], [1.0, 4.0], [-0.3, -0.3]])
        x = np.arange(5.0 * STEPS_D).reshape(5, STEPS_D)
        self.write({"one": (np.array([[0.0, 1.0]]), np.ones((1, 1)))}, {"one": (steps, x), "two": (steps, x)})
        shutil.copy(os.path.join(GOLDEN, "negative_times.csd"), self.path("labels.csd"))
        with self.imported() as file:
            self.assertEqual(file["interval"][:].astype("f4").tolist(),
                             np.array([[-0.4776, 2], [2, 3.5], [0, 1], [1, 4]], "f4").tolist())
            want = [(0.5 * x[1] + 0.5 * x[2] + x[3]) / 2, x[3], (x[1] + x[2]) / 2, x[3]]
            np.testing.assert_allclose(file["modality/audio/features"][:], want, rtol=1e-6)
        # a segment that ends before 0 has no step at all; one step is as negative as its own segment
        self.write({"one": (np.array([[-3.0, -1.0], [-0.5, 0.5]]), np.ones((2, 1)))}, {"one": (steps[1:2], x[1:2])})
        with self.imported("--split", "1,0,0") as file:
            self.assertEqual(file["modality/audio/present"][:].tolist(), [0, 1])

    @unittest.skipUnless(DATA, "set ENTENTE_DATA to the folder that holds the labels of CMU-MOSEI")
    def test_real_labels_of_mosei(self):
        with h5py.File(f"{DATA}/mosei_labels_repacked.csd") as file:
            data = next(iter(file.values()))["data"]
            times = {name: data[name]["intervals"][:].astype(float) for name in list(data)}
        order = sorted(times)
        audio = {name: (np.array([[0.0, 1.0], [1.0, 1e4]]), np.ones((2, 2))) for name in order[::40]}
        write_csd(self.path("audio.csd"), audio)
        with h5py.File(f"{DATA}/mosei_labels_repacked.csd") as file:
            self.assertEqual(sum((t[:, 0] < 0).sum() for t in times.values()), 239)
        self.run_well("import", "csd", "--modality", f"audio={self.path('audio.csd')}", "--labels",
                      f"{DATA}/mosei_labels_repacked.csd", "--folds", f"{DATA}/mosei_folds.txt", "--out", self.path("out.h5"))
        with h5py.File(self.path("out.h5")) as file:
            names = [name.decode() for name in file["id"][:]]
            want = np.concatenate([times[name] for name in order])
            where = {f"{name}[{k}]": t for name in order for k, t in enumerate(times[name])}
            np.testing.assert_array_equal(file["interval"][:], [where[name] for name in names])
            self.assertGreater(len(names), 0.95 * len(want))
            self.assertGreater((file["interval"][:, 0] < 0).sum(), 200)

    @unittest.skipUnless(DATA, "set ENTENTE_DATA to the folder that holds the .csd files of CMU-MOSI")
    def test_real_files(self):
        names = ["text", "audio", "vision"]
        options = [word for name in names for word in ("--modality", f"{name}={DATA}/mosi_{name}_repacked.csd")]
        labels_path = f"{DATA}/CMU_MOSI_Opinion_Labels.csd"
        self.run_well("import", "csd", *options, "--labels", labels_path, "--out", self.path("mosi.h5"), ranks=2)
        with h5py.File(labels_path) as file:
            data = next(iter(file.values()))["data"]
            labels = {name: (data[name]["intervals"][:].astype(float), data[name]["features"][:]) for name in data}
        with h5py.File(self.path("mosi.h5")) as out:
            self.assertEqual(out["split"].size, 2199)
            self.assertEqual(np.unique(out["group"][:]).size, 93)
            value = np.concatenate([labels[name][1][:, 0] for name in sorted(labels)])
            np.testing.assert_array_equal(out["label/value"][:], value)
            for name in names:
                with h5py.File(f"{DATA}/mosi_{name}_repacked.csd") as file:
                    data = next(iter(file.values()))["data"]
                    rows = []
                    for video in sorted(labels):
                        x = data[video]["features"][:].astype(float)
                        times = data[video]["intervals"][:].astype(float)
                        for segment in labels[video][0]:
                            weight = overlaps(segment, times)
                            if segment[0] == segment[1]:
                                weight = (times == segment).all(1).astype(float)
                            used = np.flatnonzero(weight)
                            rows.append(sum(weight[k] * x[k] for k in used) / sum(weight[used]))
                np.testing.assert_array_equal(out[f"modality/{name}/features"][:], np.array(rows, np.float32))
                self.assertEqual(out[f"modality/{name}/present"][:].sum(), 2199)


class CsdRefuses(Csd):
    def setUp(self):
        super().setUp()
        self.labels, self.audio = example()
        self.write(self.labels, self.audio)

    def with_audio(self, part, ranks=0, **change):
        self.audio.update({name.replace("_", "-", 1): pair for name, pair in change.items()})
        write_csd(self.path("audio.csd"), self.audio)
        self.refused(part, *self.arguments(), ranks=ranks)

    def test_files_that_are_not_csd(self):
        with open(self.path("audio.csd"), "rb") as file:
            whole = file.read()
        for content, part in ((b"hello", "not an HDF5 file"), (b"", "empty"), (whole[:len(whole) // 2], "truncated")):
            with open(self.path("audio.csd"), "wb") as file:
                file.write(content)
            self.refused(part, *self.arguments())
        os.remove(self.path("audio.csd"))
        self.refused("No such file", *self.arguments())

    def test_another_layout(self):
        with h5py.File(self.path("audio.csd"), "a") as file:
            file.create_group("second")
        self.refused("found 2 root groups", *self.arguments())
        with h5py.File(self.path("audio.csd"), "w") as file:
            file["root/features"] = np.zeros(3)
        self.refused("no group /root/data", *self.arguments())
        with h5py.File(self.path("audio.csd"), "w") as file:
            file.create_group("root/data")
        self.refused("no ids", *self.arguments())

    def test_intervals_of_another_length(self):
        times, x = self.audio["video3"]
        self.with_audio("58 intervals and 59 features", video3=(times[:-1], x))

    def test_another_dimension(self):
        times, x = self.audio["video3"]
        self.with_audio("4 features per step", video3=(times, x[:, :4]))

    def test_times(self):
        for first, part in (((2.0, 1.0), "after its end"), ((-1.0, -2.0), "after its end"),
                            ((-np.inf, 1.0), "want a finite number"), ((0, np.nan), "want a finite number")):
            times, x = self.audio["video3"]
            times = times.copy()
            times[4] = first
            self.with_audio(part, ranks=2 if np.isnan(first[1]) else 0, video3=(times, x))
            self.labels, self.audio = example()

    def test_nothing_overlaps(self):
        self.audio = {name: (times + 1e6, x) for name, (times, x) in self.audio.items()}
        self.with_audio("no time step overlaps")

    def test_labels(self):
        self.labels["video3"][1][2, 0] = np.nan
        self.write(self.labels, self.audio)
        self.refused("sentiment nan", *self.arguments())

    def test_folds(self):
        for text, part in (("train: -dash\ntest: -dash", "is in two parts"), ("train: a\nlater: b", ":2: found part 'later'"),
                           ("a b", "an id before the first part"), ("train: nobody", "none of its ids"),
                           ("train: 'a", "unterminated quote"), ("test: -dash", "no row to train on")):
            with open(self.path("folds"), "w") as file:
                file.write(text)
            self.refused(part, *self.arguments("--folds", self.path("folds")))

    def test_an_existing_output(self):
        with open(self.path("out.h5"), "w") as file:
            file.write("mine")
        self.refused("exists", *self.arguments())
        with open(self.path("out.h5")) as file:
            self.assertEqual(file.read(), "mine")

    def test_wrong_options(self):
        for more, part in ((("--pool", "median"), "want one of: mean"), (("--split", "1,2"), "three shares"),
                           (("--modality", "x"), "NAME=FILE"), (("--modality", "audio=x"), "named twice")):
            done = call(*self.arguments(*more))
            self.assertEqual(done.returncode, 2)
            self.assertIn(part, done.stderr)


# ---- tables ----

class Table(Case):
    def csv(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def npy(self, name, array, **options):
        np.save(self.path(name), array, **options)
        return self.path(name)

    def arguments(self, *tables, label, more=()):
        return ("import", "table", *[word for pair in tables for word in ("--modality", "=".join(pair))], "--label",
                label, "--out", self.path("out.h5"), *more)

    def imported(self, *tables, label, more=()):
        self.text = self.run_well(*self.arguments(*tables, label=label, more=("--replace", *more)))
        self.assertEqual(notes.without_notes(self.path("out.h5")), [])
        return h5py.File(self.path("out.h5"), "r")


class TableComputes(Table):
    def test_arrays_of_every_order_and_type(self):
        draw = np.random.default_rng(3)
        x = draw.normal(size=(300, 4, 3)) * 50
        label = self.npy("y.npy", draw.integers(0, 3, 300))
        for kind in ("<f8", ">f4", "<f2", ">f2", "<i2", ">i8", "u1", "?"):
            want = np.abs(x).astype(kind)
            for order in (np.ascontiguousarray, np.asfortranarray):
                with self.imported(("a", self.npy("x.npy", order(want))), label=label) as file:
                    np.testing.assert_array_equal(file["modality/a/features"][:], want.reshape(300, 12))
                    self.assertEqual(file["label/class"].size, 300)
        with self.imported(("a", self.npy("x.npy", x[:, 0, 0])), label=label) as file:
            np.testing.assert_array_equal(file["modality/a/features"][:, 0], x[:, 0, 0])

    def test_csv_with_label_group_and_part_in_it(self):
        rows = [(k, k % 7, "abc"[k % 3], ["sad", "a \"b\", c"][k % 2], ["train", "validation", "test"][k % 3])
                for k in range(40)]
        lines = [f'{k};{v / 8}; {g} ;"{t.replace(chr(34), 2 * chr(34))}";{p}' for k, v, g, t, p in rows]
        path = self.csv("t.csv", "\ufeffk;v;who;mood;part\r\n" + "\r\n".join(lines) + "\n\n")
        with self.imported(("t", path), label=path + ":mood",
                           more=("--group", path + ":who", "--part", path + ":part")) as file:
            np.testing.assert_array_equal(file["modality/t/features"][:], [[k, v / 8] for k, v, *_ in rows])
            np.testing.assert_array_equal(file["label/class"][:], [1 - k % 2 for k in range(40)])
            self.assertEqual(list(file["class_name"][:]), [b'a "b", c', b"sad"])
            np.testing.assert_array_equal(file["group"][:], [k % 3 for k in range(40)])
            np.testing.assert_array_equal(file["split"][:], [k % 3 for k in range(40)])

    def test_holes(self):
        path = self.csv("t.csv", "1,2\n3,\nnan,inf\n5,6\n")
        part = self.csv("p.csv", "0\n0\n0\n2\n")
        label = self.csv("l.csv", "0.5\n-1\n2\n3\n")
        with self.imported(("t", path), label=label, more=("--part", part)) as file:
            np.testing.assert_array_equal(file["modality/t/features"][:],
                                          [[1, 2], [3, 2], [np.nan, np.nan], [5, 6]])
            np.testing.assert_array_equal(file["modality/t/present"][:], [1, 1, 0, 1])
            np.testing.assert_array_equal(file["label/value"][:], [0.5, -1, 2, 3])
        self.assertIn("3 numbers missing or not finite", self.text)
        with self.imported(("t", path), label=label, more=("--part", part, "--nonfinite", "absent")) as file:
            np.testing.assert_array_equal(file["modality/t/present"][:], [1, 0, 0, 1])
        self.refused("want a finite number", *self.arguments(("t", path), label=label,
                                                             more=("--nonfinite", "error", "--replace")))

    def test_groups_stay_together(self):
        draw = np.random.default_rng(1)
        who = draw.integers(0, 30, 600)
        with self.imported(("a", self.npy("x.npy", draw.normal(size=(600, 2)))), label=self.npy("y.npy", who % 2),
                           more=("--group", self.npy("g.npy", who))) as file:
            np.testing.assert_array_equal(file["group"][:], who)
            for group in range(30):
                self.assertEqual(np.unique(file["split"][:][who == group]).size, 1)


class TableReal(Table):
    """Files as pandas, numpy and people write them."""

    def golden(self, name):
        return os.path.join(GOLDEN, name)

    def test_columns_that_pandas_gave_no_names(self):
        x = np.loadtxt(self.golden("pandas_no_names.csv"), delimiter=",", skiprows=1)
        y = np.loadtxt(self.golden("pandas_series.csv"), skiprows=1)
        for name in ("pandas_no_names.csv", "pandas_index.csv"):
            with self.imported(("a", self.golden(name)), label=self.golden("pandas_series.csv")) as file:
                np.testing.assert_array_equal(file["modality/a/features"][:], x)
                np.testing.assert_array_equal(file["label/class"][:], y)
            self.assertIn(f"{name}: the first line ({'0,1,2,3' if 'no' in name else ',a,b,c,d'}) names the columns", self.text)
            self.assertIn("pandas_series.csv: the first line (0) names the columns, because then the numbers of rows agree", self.text)
            self.assertEqual("an index, not a feature" in self.text, name == "pandas_index.csv")
        # one label file of two columns, the index and the label, needs no :COLUMN
        series = self.csv("y.csv", ",0\n" + "".join(f"{k},{int(v)}\n" for k, v in enumerate(y)))
        with self.imported(("a", self.golden("pandas_no_names.csv")), label=series) as file:
            np.testing.assert_array_equal(file["label/class"][:], y)

    def test_first_lines(self):
        label = self.csv("l.csv", "0\n1\n1\n")
        named, row, guess = "names the columns", "is a row", "if it is not: --header yes"
        for text, said, x in (("2019,2020\n1,2\n3,4\n", row, [[2019, 2020], [1, 2], [3, 4]]),
                              ("0,1\n1,0\n1,1\n", guess, [[0, 1], [1, 0], [1, 1]]),
                              ("0,1\n.5,0\n1,1\n2,2\n", named, [[.5, 0], [1, 1], [2, 2]]),
                              ("0\n.5\n1\n2\n", named, [[.5], [1], [2]]),
                              ("x\n5\n1\n2\n", named, [[5], [1], [2]]),
                              ("Unnamed: 0,v\n7,5\n9,1\n8,2\n", "an index, not a feature", [[5], [1], [2]]),
                              ("id,v\n0,5\n1,1\n2,2\n", "column 0 counts the rows", [[0, 5], [1, 1], [2, 2]]),
                              ("a,b\nTrue,1\nFalse,1\nNA,1\n", named, [[1, 1], [0, 1], [1, 1]])):
            part = self.csv("p.csv", "train\nVal\ntest\n")
            with self.imported(("t", self.csv("t.csv", text)), label=label, more=("--part", part)) as file:
                np.testing.assert_array_equal(file["modality/t/features"][:], x, err_msg=text)
            self.assertIn(said, self.text, text)
        iris = self.csv("iris.csv", "5.1,3.5,setosa\n4.9,3.0,virginica\n4.7,3.2,setosa\n")
        with self.imported(("t", iris), label=iris + ":2") as file:
            self.assertEqual(file["modality/t/features"].shape, (3, 2))
        moods = self.csv("m.csv", "sad\nglad\nsad\n")
        with self.imported(("t", iris), label=moods, more=("--group", iris + ":2")) as file:
            np.testing.assert_array_equal(file["label/class"][:], [1, 0, 1])

    def test_a_malformed_number_in_the_first_line_is_not_a_name(self):
        """Such a line was taken for a header, and then the label's first line too, "because the numbers of rows agree"."""
        label = self.csv("l.csv", "0\n1\n1\n")
        for cell in ('"1,000"', "\u22121", "\u00a00", "\uff15", "5 kg", "0x10", "nan(1)", "1e", "1.2.3"):
            self.refused("t.csv:1: column 0: found", *self.arguments(("t", self.csv("t.csv", cell + ",7\n1,2\n3,4\n")), label=label))
        for text in ("id,2019\n1,2\n3,4\n5,6\n", "nano,3\n1,2\n3,4\n5,6\n", '"1,000"\n2\n3\n4\n'):
            with self.imported(("t", self.csv("t.csv", text)), label=label) as file:
                self.assertEqual(file["split"].size, 3)
            self.assertIn("names the columns", self.text)
        self.refused("found '0x10', want a number", *self.arguments(("t", self.csv("t.csv", "1,7\n0x10,2\n3,4\n")), label=label,
                                                                  more=("--replace",)))

    def test_classes_are_counted(self):
        x = self.csv("x.csv", "1\n2\n3\n4\n")
        for text, count in (("3\n10\n3\n10\n", "2 classes"), ("7\n7\n7\n7\n", "1 class\n"), ("0\n1\n2\n3\n", "4 classes")):
            self.imported(("t", x), label=self.csv("l.csv", text), more=("--header", "no")).close()
            self.assertIn(", " + count, self.text)

    def test_first_lines_by_option(self):
        path, label = self.csv("t.csv", "0,1\n1,0\n1,1\n"), self.csv("l.csv", "0\n1\n1\n")
        for how, rows in (("yes", 2), ("no", 3)):
            with self.imported(("t", path), label=label, more=("--header", how)) as file:
                self.assertEqual(file["split"].size, rows)
            self.assertIn("as --header says", self.text)
        self.refused("found 'a', want a number", *self.arguments(("t", self.csv("a.csv", "a\n1\n2\n")), label=label,
                                                               more=("--header", "no", "--replace")))

    def test_blank_lines_of_one_column(self):
        with open(self.golden("blank_line_features.csv")) as file:
            lines = file.read().split("\n")[:20]
        y = np.arange(20) % 2
        label = self.npy("y.npy", y)
        for text in ("\n".join(lines), "\r\n".join(lines) + "\r\n\r\n", "\n".join(w or '""' for w in lines),
                     "\n".join(w or " \t" for w in lines) + "\n \n\n", "v\n" + "\n".join(lines)):
            with self.imported(("t", self.csv("t.csv", text)), label=label, more=("--nonfinite", "absent")) as file:
                found = file["modality/t/features"][:, 0]
                np.testing.assert_array_equal(found[np.arange(20) != 5], [float(w) for w in lines if w])
                self.assertEqual(file["modality/t/present"][:].tolist(), [k != 5 for k in range(20)])
        self.refused("row 9 has no label: found ''", *self.arguments(
            ("t", self.golden("blank_line_features.csv")), label=self.golden("blank_line_labels.csv"), more=("--replace",)))
        for words, part in (("ann\n\nbob\n", "row 1 has no group"), ("ann\nNA\nbob\n", "row 1 has no group")):
            self.refused(part, *self.arguments(("t", self.csv("x.csv", "1\n2\n3\n")), label=self.csv("l.csv", "0\n1\n1\n"),
                                               more=("--replace", "--group", self.csv("g.csv", words))))
        self.refused("row 1: found ''", *self.arguments(("t", self.csv("x.csv", "1\n2\n3\n")), label=self.csv("l.csv", "0\n1\n1\n"),
                                                        more=("--replace", "--part", self.csv("p.csv", "train\n\ntest\n"))))
        # cells between tabs are not a blank line
        with self.imported(("t", self.csv("t.csv", "1\t2\n\t\n\n3\t4\n")), label=self.csv("l.csv", "0\n1\n1\n")) as file:
            self.assertEqual(file["modality/t/present"][:].tolist(), [1, 0, 1])

    def test_missing_cells(self):
        words = ["NA", "N/A", "null", "None", "?", "nan", "NaN", "", " NA ", '"NA"']
        path = self.csv("t.csv", "a,b\n" + "".join(f"{w},{k}\n" for k, w in enumerate(words)) + "7,10\n8,11\n")
        with self.imported(("t", path), label=path + ":b", more=("--nonfinite", "absent")) as file:
            self.assertEqual(file["modality/t/present"][:].tolist(), [0] * len(words) + [1, 1])
        for word in ("NA", "?", "None"):
            self.refused(f"row 1 has no label: found '{word}'", *self.arguments(
                ("t", path), label=self.csv("l.csv", "x\n0\n" + word + "\n" + "1\n" * 10), more=("--replace",)))

    def test_compressed_text(self):
        text = "a,b\n" + "".join(f"{k},{k / 8}\n" for k in range(40000))
        with gzip.open(self.path("t.csv.gz"), "wt") as file:
            file.write(text)
        with self.imported(("t", self.path("t.csv.gz")), label=self.npy("y.npy", np.arange(40000) % 2)) as file:
            np.testing.assert_array_equal(file["modality/t/features"][:, 1], np.arange(40000) / 8)
        with open(self.path("t.csv.gz"), "r+b") as file:
            file.truncate(70000)
        self.refused("damaged gzip file: it ends within the compressed data", *self.arguments(
            ("t", self.path("t.csv.gz")), label=self.path("y.npy"), more=("--replace",)))

    def test_compressed_arrays(self):
        """In C and Fortran order, in one member and in many, one of them empty, with zeros at the end."""
        x = np.random.default_rng(2).normal(size=(3000, 4, 3))
        label = self.npy("y.npy", np.arange(3000) % 2)
        with open(label, "rb") as file, gzip.open(self.path("y.npy.gz"), "wb") as packed:
            packed.write(file.read())
        for order in "CF":
            with open(self.npy("x.npy", x.astype("f4", order=order)), "rb") as file:
                plain = file.read()
            parts = (0, 5, 5, 77, 1000, len(plain) // 2, len(plain))
            many = b"".join(gzip.compress(plain[begin:end]) for begin, end in zip(parts, parts[1:]))
            for packed in (gzip.compress(plain), many, many + bytes(1000)):
                with open(self.path("x.npy.gz"), "wb") as file:
                    file.write(packed)
                with self.imported(("t", self.path("x.npy.gz")), label=self.path("y.npy.gz")) as file:
                    np.testing.assert_array_equal(file["modality/t/features"][:], x.astype("f4").reshape(3000, 12))
                    np.testing.assert_array_equal(file["label/class"][:], np.arange(3000) % 2)

    def test_damaged_archives(self):
        """Data after the last member, which zlib's gzread takes for the end of the file: of arrays and of text."""
        label = self.npy("y.npy", np.arange(3000) % 2)
        with open(self.npy("x.npy", np.random.default_rng(2).normal(size=(3000, 3))), "rb") as file:
            array = file.read()
        text = "a,b\n" + "".join(f"{k},{k / 8}\n" for k in range(3000))
        for name, plain in (("x.npy.gz", array), ("x.csv.gz", text.encode())):
            sound = gzip.compress(plain)
            half = gzip.compress(plain[:len(plain) // 2]), gzip.compress(plain[len(plain) // 2:])
            flipped = bytearray(sound)
            flipped[len(sound) // 2] ^= 0x55
            for content, part in ((sound[:-9], "it ends within the compressed data"),
                                  (sound[:len(sound) // 2], "it ends within the compressed data"),
                                  (bytes(flipped), "damaged gzip file: "),
                                  (sound[:-8] + b"\0\0\0\0" + sound[-4:], "incorrect data check"),
                                  (sound[:-1] + b"\7", "incorrect length check"),
                                  (sound + b"garbage", "something follows the compressed data"),
                                  (sound + bytes(9) + b"x", "something follows the compressed data"),
                                  (sound + bytes(9) + sound, "something follows the compressed data"),
                                  (half[0] + b"\1" + half[1][1:], "something follows the compressed data"),
                                  (half[0] + half[1][:20], "it ends within the compressed data")):
                with open(self.path(name), "wb") as file:
                    file.write(content)
                self.refused(part, *self.arguments(("t", self.path(name)), label=label, more=("--replace",)))
        for content, part in ((array[:-8], "truncated: 71992 bytes of numbers, want 3000 rows of 24"),
                              (array + bytes(5000), "too long: 72001 bytes of numbers or more, want 72000")):
            with open(self.path("x.npy.gz"), "wb") as file:
                file.write(gzip.compress(content))
            self.refused(part, *self.arguments(("t", self.path("x.npy.gz")), label=label, more=("--replace",)))

    def test_double_precision_stays(self):
        x = 1e8 + np.arange(60.0).reshape(30, 2) / 64
        label = self.npy("y.npy", 1e8 + np.arange(30) / 2)
        np.savetxt(self.path("x.csv"), x, delimiter=",", fmt="%r")
        for path in (self.npy("x.npy", x), self.path("x.csv")):
            with self.imported(("t", path), label=label) as file:
                np.testing.assert_array_equal(file["modality/t/features"][:], x)
                np.testing.assert_array_equal(file["label/value"][:], 1e8 + np.arange(30) / 2)
        self.imported(("t", self.npy("x.npy", np.stack([np.arange(30.0), np.full(30, 3.0)], 1))), label=label).close()
        self.assertIn("1 constant in the training rows, the first in column 1", self.text)

    def test_provenance(self):
        x, y = self.csv("x.csv", "1\n2\n3\n4\n"), self.csv("y.csv", "0\n1\n0\n1\n")
        with self.imported(("t", x), label=y, more=("--group", y, "--split", "0.5,0,0.5", "--seed", "4", "--nonfinite", "absent",
                                                    "--header", "no")) as file:
            self.assertEqual(file.attrs["source"].decode(), "entente import table --modality t=x.csv --label y.csv --group y.csv "
                             "--split 0.5,0,0.5 --seed 4 --header no --nonfinite absent")


class TableRefuses(Table):
    def test_files_that_are_not_tables(self):
        label = self.npy("y.npy", np.arange(20) % 2)
        x = np.random.default_rng(1).normal(size=(20, 3))
        np.savez(self.path("x.npz"), x=x)
        self.npy("raw.npy", x.astype("f4").view("V2"))
        self.npy("signed.npy", (x.astype("f4").view("u4") >> 16).astype("u2").view("<i2").astype(">i2"))
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = x
        with gzip.open(self.path("x.npz.gz"), "wb") as packed, open(self.path("x.npz"), "rb") as file:
            packed.write(file.read())
        for name, content in (("x.parquet", b"PAR1" + bytes(40)), ("x.pkl", b"\x80\x04\x95" + bytes(9)),
                              ("x.bz2", b"BZh91AY"), ("utf16.csv", "a,b\n1,2\n".encode("utf-16")), ("mac.csv", b"a\r1\r2\r")):
            with open(self.path(name), "wb") as file:
                file.write(content)
        for name, part in (("x.npz", "a NumPy archive (.npz), want CSV text or a NumPy array (.npy): write its arrays"),
                           ("x.h5", "an HDF5 file"), ("x.npz.gz", "a NumPy archive (.npz), compressed with gzip"), ("x.pkl", "a Python pickle"),
                           ("x.parquet", "a Parquet file"), ("x.bz2", "compressed by bzip2"), ("utf16.csv", "UTF-16 text"),
                           ("mac.csv", "x.csv:1: found a carriage return".replace("x.csv", "mac.csv")),
                           ("raw.npy", "raw bytes of type '|V2', as which bfloat16 is stored"),
                           ("signed.npy", "found bfloat16 stored as 16-bit integers"),
                           (os.path.join(GOLDEN, "bfloat16_bits.npy"), "found bfloat16 stored as 16-bit integers")):
            self.refused(part, *self.arguments(("t", self.path(name)), label=label))
        self.refused("type '<c8', want integers, booleans", *self.arguments(
            ("t", self.npy("c.npy", x.astype("c8"))), label=label))
        x[3, 2] = -1e200
        self.refused("row 3, column 2: found -1e+200, want a finite number of magnitude 1e100 at most", *self.arguments(
            ("t", self.npy("huge.npy", x)), label=label))

    def test_two_columns_of_one_name(self):
        path = self.csv("t.csv", "a,b,b\n1,2,3\n3,4,5\n")
        self.refused("two columns 'b': 1 and 2", *self.arguments(("t", path), label=path + ":b"))

    def test_names(self):
        x, y = self.npy("x.npy", np.arange(5.0)), self.npy("y.npy", np.arange(5.0))
        for name in ("a,b", "a.b", "fusion", "a:b", "-a", "a\x1b[2J", "a/b", "x" * 64, "a "):
            done = call(*self.arguments((name, x), label=x))
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("modality name: found '", done.stderr)
            self.assertNotIn("\x1b", done.stderr)
        for name in ("Ton-H\u00f6he", "a b", "text(glove)"):
            self.imported((name, x), label=y).close()

    def test_csv(self):
        label = self.csv("l.csv", "1\n2\n3\n")
        for text, part in (("1,2\n3,4\n5\n", ":3: 1 cells, want 2"), ("a,b\n1,2\n\n3,4,5\n", ":4: 3 cells, want 2"),
                           ("", "empty"), ("a,b\n", "contains no row"), ("1,2\n3,x\n5,6\n", ":2: column 1: found 'x'"),
                           ('1,"2\n', ":1: unterminated quote"), ("1,2\n3,4\n", "t.csv has 2")):
            self.refused(part, *self.arguments(("t", self.csv("t.csv", text)), label=label))
        self.refused("No such file", *self.arguments(("t", self.path("none.csv")), label=label))

    def test_arrays(self):
        label = self.npy("y.npy", np.arange(5))
        self.refused("Python objects", *self.arguments(("t", self.npy("x.npy", np.array([{}] * 5, object),
                                                                      allow_pickle=True)), label=label))
        self.refused("records", *self.arguments(("t", self.npy("x.npy", np.zeros(5, "i4,f4"))), label=label))
        self.refused("type", *self.arguments(("t", self.npy("x.npy", np.zeros(5, "c8"))), label=label))
        path = self.npy("x.npy", np.zeros((5, 3)))
        with open(path, "rb") as file:
            whole = file.read()
        for content, part in ((whole[:-1], "truncated"), (whole + b"x", "too long"), (whole[:30], "truncated"),
                              (b"NUMPY" + whole, "not a NumPy array")):
            with open(path, "wb") as file:
                file.write(content)
            self.refused(part, *self.arguments(("t", path), label=label))

    def test_columns(self):
        path = self.csv("t.csv", "a,b\n1,2\n3,4\n")
        self.refused("no column 'c'", *self.arguments(("t", path), label=path + ":c"))
        self.refused("want FILE:COLUMN", *self.arguments(("t", path), label=path))
        self.refused("want 0, 1, 2 or train", *self.arguments(("t", path), label=path + ":a", more=("--part", path + ":b")))


# ---- digits ----

def write_wav(path, samples, rate=8000, width=2, kind=1):
    """samples [n, channels] in -1..1; kind 1: whole numbers, 3: float"""
    channels = samples.shape[1]
    if kind == 3:
        data = samples.astype("<f4").tobytes()
    else:
        whole = np.round(samples * (2 ** (8 * width - 1) - 1)).astype("<i8").reshape(-1, 1)
        data = whole.view("u1").reshape(-1, 8)[:, :width].tobytes()
    head = np.array([kind, channels], "<u2").tobytes() + np.array([rate, rate * channels * width], "<u4").tobytes()
    head += np.array([channels * width, 8 * width], "<u2").tobytes()
    body = b"WAVEfmt " + np.uint32(16).tobytes() + head + b"data" + np.uint32(len(data)).tobytes() + data
    with open(path, "wb") as file:
        file.write(b"RIFF" + np.uint32(len(body)).tobytes() + body)


def write_idx(path, array, magic=None):
    head = magic or bytes([0, 0, 8, array.ndim])
    data = head + b"".join(int(n).to_bytes(4, "big") for n in array.shape) + array.astype("u1").tobytes()
    with (gzip.open if path.endswith(".gz") else open)(path, "wb") as file:
        file.write(data)


class Digits(Case):
    def setUp(self):
        super().setUp()
        draw = np.random.default_rng(5)
        os.mkdir(self.path("wav"))
        for digit in range(3):
            for speaker in ("ann", "bob"):
                for take in (0, 4, 5, 9, 10, 11):
                    tone = np.sin(np.arange(2000) * (0.1 + 0.3 * digit)) * 0.5 + draw.normal(size=2000) * 0.01
                    write_wav(self.path(f"wav/{digit}_{speaker}_{take}.wav"), tone[:, None])
        self.image, self.label = draw.integers(0, 256, (90, 4, 5)), np.arange(90) % 3
        write_idx(self.path("images.gz"), self.image)
        write_idx(self.path("labels"), self.label)

    def arguments(self, *more):
        return ("import", "digits", "--wav", self.path("wav"), "--images", self.path("images.gz"), "--labels",
                self.path("labels"), "--out", self.path("out.h5"), *more)

    def imported(self, *more):
        self.run_well(*self.arguments("--replace", *more))
        self.assertEqual(notes.without_notes(self.path("out.h5")), [])
        return h5py.File(self.path("out.h5"), "r")


class DigitsComputes(Digits):
    def test_rows_parts_speakers_and_pairs(self):
        with self.imported() as file:
            names = [name.decode().split("_") for name in file["id"][:]]
            digit = np.array([int(name[0]) for name in names])
            take = np.array([int(name[2]) for name in names])
            np.testing.assert_array_equal(file["label/class"][:], digit)
            np.testing.assert_array_equal(file["group"][:], [name[1] == "bob" for name in names])
            np.testing.assert_array_equal(file["split"][:], np.where(take < 5, 2, np.where(take < 10, 1, 0)))
            used = file["image"][:]
            self.assertEqual(np.unique(used).size, used.size)
            np.testing.assert_array_equal(self.label[used], digit)
            np.testing.assert_array_equal(file["modality/image/features"][:],
                                          self.image[used].reshape(len(used), 20).astype(np.float32) / np.float32(255))

    def test_same_signal_in_other_wavs(self):
        signal = np.round(np.sin(np.arange(3000) * 0.2)[:, None] * 2 ** 14) / 2 ** 15
        rows = []
        for name, samples, width, kind in (("16 bit", signal, 2, 1), ("24 bit", signal, 3, 1), ("float", signal, 4, 3),
                                           ("stereo", np.concatenate([signal * 2, signal * 0], 1), 4, 3)):
            write_wav(self.path("wav/0_ann_0.wav"), samples, width=width, kind=kind)
            with self.imported("--audio", "logmel", "--stats", "mean,max", "--pieces", "3") as file:
                rows.append(file["modality/audio/features"][0])
            np.testing.assert_allclose(rows[-1], rows[0], atol=0.02, err_msg=name)
        self.assertEqual(rows[0].size, 3 * 2 * 40)

    @unittest.skipUnless(DATA, "set ENTENTE_DATA to the folder that holds the spoken digits")
    def test_real_recordings(self):
        subprocess.run(["tar", "xzf", f"{DATA}/fsdd_wav.tar.gz", "-C", self.folder], check=True)
        self.run_well("import", "digits", "--wav", self.path("recordings"), "--images",
                      f"{DATA}/t10k-images-idx3-ubyte.gz", "--labels", f"{DATA}/t10k-labels-idx1-ubyte.gz", "--out",
                      self.path("out.h5"))
        with h5py.File(self.path("out.h5")) as file:
            np.testing.assert_array_equal(np.bincount(file["split"][:]), [2400, 300, 300])
            np.testing.assert_array_equal(np.bincount(file["group"][:]), [500] * 6)
            np.testing.assert_array_equal(np.bincount(file["label/class"][:]), [300] * 10)
            self.assertTrue(np.isfinite(file["modality/audio/features"][:]).all())


class DigitsRefuses(Digits):
    def test_wavs(self):
        path = self.path("wav/1_bob_10.wav")
        for samples, rate, part in ((np.zeros((0, 1)), 8000, "contains no sample"), (np.zeros((9, 1)), 16000, "found 16000 Hz, want 8000 Hz")):
            write_wav(path, samples, rate)
            self.refused(part, *self.arguments())
        write_wav(path, np.full((9, 1), np.nan), width=4, kind=3)
        self.refused("not finite", *self.arguments())
        with open(path, "w") as file:
            file.write("no WAV")
        self.refused("not a WAV file", *self.arguments())
        os.rename(path, self.path("wav/bob.wav"))
        self.refused("DIGIT_SPEAKER_TAKE.wav", *self.arguments())

    def test_idx(self):
        write_idx(self.path("labels"), self.label, magic=b"\0\1\x08\1")
        self.refused("not an IDX file", *self.arguments())
        write_idx(self.path("labels"), self.label[:-1])
        self.refused("89 labels", *self.arguments())
        write_idx(self.path("labels"), self.label)
        with open(self.path("labels"), "rb") as file:
            whole = file.read()
        for content, part in ((whole[:-1], "too short"), (whole + b"x", "too long"), (whole[:6], "too short")):
            with open(self.path("labels"), "wb") as file:
                file.write(content)
            self.refused(part, *self.arguments())
        write_idx(self.path("labels"), np.where(self.label == 2, 1, self.label))
        self.refused("0 images of digit 2", *self.arguments())
        write_idx(self.path("labels"), self.label + 9)
        self.refused("want 0..9", *self.arguments())
        with open(self.path("images.gz"), "r+b") as file:
            file.truncate(200)
        self.refused("images.gz", *self.arguments())

    def test_provenance_of_every_option(self):
        self.run_well(*self.arguments("--seed", "3", "--audio", "logmel", "--stats", "mean,max", "--pieces", "3", "--deltas",
                                      "--fmax", "3000"))
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(file.attrs["source"].decode(), "entente import digits --wav wav --images images.gz --labels "
                             "labels --seed 3 --audio logmel --n_fft 256 --hop_length 80 --n_mels 40 --n_mfcc 20 --fmin 0 "
                             "--fmax 3000 --top_db 80 --deltas --width 9 --pieces 3 --stats mean,max")

    def test_front_end(self):
        self.refused("n_mfcc 20", *self.arguments("--n_mels", "10"))
        self.refused("contains no frequency", *self.arguments("--n_mels", "200"))
        self.assertEqual(call(*self.arguments("--stats", "median")).returncode, 2)


# ---- inspect and merge ----

class Whole(Case):
    """A small data set for merge and inspect."""

    def setUp(self):
        super().setUp()
        self.write("a.h5", text=np.arange(12.0).reshape(6, 2))

    def write(self, name, ids=True, **modalities):
        with h5py.File(self.path(name), "w") as file:
            for key, x in modalities.items():
                file[f"modality/{key}/features"] = x.astype("f4")
                file[f"modality/{key}/present"] = np.array([1, 1, 1, 1, 1, 0][:len(x)], "u1")
            rows = len(x)
            file["label/value"] = np.linspace(-3, 3, rows).astype("f4")
            file["label/class"] = np.arange(rows, dtype="i4") % 2
            file["split"] = np.array([0, 0, 0, 1, 2, 2][:rows], "u1")
            if ids:
                file["id"] = np.array([f"v{k // 2}[{k % 2}]" for k in range(rows)], "S8")

    def groups(self, text):
        with open(self.path("groups.csv"), "w") as file:
            file.write(text)
        return "--with-group-from", self.path("groups.csv")

    def merge(self, *more):
        return "merge", self.path("a.h5"), "--out", self.path("out.h5"), *more


class WholeComputes(Whole):
    def test_groups_by_id_by_video_and_by_row(self):
        for text, want in (("id,group\nv1,7\nv0,3\nv2,7\n", [3, 3, 7, 7, 7, 7]),
                           ("group;id\nann;v2\nbob;v0\nann;v1[0]\ncid;v1\ncid;nobody\n", [1, 1, 0, 2, 0, 0]),
                           ("1\n2\n3\n1\n2\n3\n", [1, 2, 3, 1, 2, 3])):
            said = self.run_well(*self.merge("--replace", *self.groups(text)))
            self.assertEqual("1 ids of the table match no row" in said, "nobody" in text)
            with h5py.File(self.path("out.h5")) as file, h5py.File(self.path("a.h5")) as before:
                np.testing.assert_array_equal(file["group"][:], want)
                for name in ("modality/text/features", "modality/text/present", "label/value", "label/class", "split", "id"):
                    np.testing.assert_array_equal(file[name][:], before[name][:])

    def test_modalities_side_by_side(self):
        x = np.random.default_rng(1).normal(size=(6, 3))
        self.write("b.h5", audio=x)
        for name, source in (("a.h5", "text, from one place"), ("b.h5", "audio, from another")):
            with h5py.File(self.path(name), "r+") as file:
                file.attrs["source"], file.attrs["licence"] = np.bytes_(source), np.bytes_("CC0")
        self.run_well("merge", self.path("a.h5"), self.path("b.h5"), "--out", self.path("out.h5"))
        self.assertEqual(notes.without_notes(self.path("out.h5")), [])
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(file.attrs["source"].decode(), "text, from one place; audio, from another")
            self.assertEqual(file.attrs["licence"].decode(), "CC0")
            self.assertEqual(sorted(file["modality"]), ["audio", "text"])
            np.testing.assert_array_equal(file["modality/audio/features"][:], x.astype("f4"))

    def test_inspect(self):
        x = np.arange(12.0).reshape(6, 2)
        x[1, 1], x[2, 0] = np.nan, -np.inf
        x[5] = 1e9                                   # absent: no part of any figure
        self.write("a.h5", text=x)
        said = self.run_well("inspect", self.path("a.h5"), "--plot", self.path("a.svg"))
        used = x[:5][np.isfinite(x[:5])]
        for part in ("rows       6 (train 3, validation 1, test 2)", "present in 5 rows", "2 numbers are not finite",
                     f"range {used.min():g} to {used.max():g}, mean {used.mean():g}, standard deviation {used.std():g}",
                     "2 classes: 3 3 rows", "real, -3 to 3, mean 0"):
            self.assertIn(part, said)
        xml.dom.minidom.parse(self.path("a.svg"))


class WholeOutside(Whole):
    """Reading a file from elsewhere reads nothing outside it and prints no control character."""

    def edit(self, change, path="a.h5"):
        with h5py.File(self.path(path), "a") as file:
            for name, what in change.items():
                if name in file:
                    del file[name]
                if what is not None:
                    file[name] = what

    def test_links_into_other_files(self):
        shutil.copy(self.path("a.h5"), self.path("b.h5"))
        there = lambda name: h5py.ExternalLink("b.h5", name)
        for change, part in (({"modality/text/features": there("/modality/text/features")}, "/modality/text/features is outside"),
                             ({"modality/text/present": there("/modality/text/present")}, "/modality/text/present is outside"),
                             ({"modality": there("/modality")}, "/modality is outside"), ({"split": there("/split")}, "/split is outside"),
                             ({"group": there("/split")}, "/group is outside"), ({"label": there("/label")}, "/label is outside"),
                             ({"other": there("/"), "split": h5py.SoftLink("/other/split")}, "/split is outside")):
            shutil.copy(self.path("b.h5"), self.path("a.h5"))
            self.edit(change)
            self.refused(part + " the file: a link into another file, 'b.h5'; want everything", "inspect", self.path("a.h5"))
            self.run_well("inspect", self.path("a.h5"), "--allow-external")
            self.refused("outside the file: a link into another file, 'b.h5'; want everything", *self.merge())
        self.refused("a link into another file, 'x1.h5'", "inspect", os.path.join(GOLDEN, "external_link.h5"))

    def test_numbers_in_other_files(self):
        self.refused("features is outside the file: external storage, in '/etc/passwd'; want everything", "inspect",
                     os.path.join(GOLDEN, "external_storage.h5"))
        layout = h5py.VirtualLayout((6, 2), "f4")
        layout[:] = h5py.VirtualSource(self.path("a.h5"), "modality/text/features", shape=(6, 2))
        self.write("b.h5", text=np.zeros((6, 2)))
        self.edit({"modality/text/features": None}, "b.h5")
        with h5py.File(self.path("b.h5"), "a") as file:
            file.create_virtual_dataset("modality/text/features", layout)
        self.refused("is outside the file: a virtual dataset", "inspect", self.path("b.h5"))
        self.assertIn("range 0 to 9", self.run_well("inspect", self.path("b.h5"), "--allow-external"))
        write_csd(self.path("l.csd"), {"one": (np.array([[0.0, 1.0], [1, 2]]), np.ones((2, 1)))})
        with h5py.File(self.path("t.csd"), "w") as file:
            file["root/data/one/intervals"] = h5py.ExternalLink("l.csd", "/Root name/data/one/intervals")
            file["root/data/one/features"] = np.ones((2, 1))
        csd = ("import", "csd", "--modality", f"a={self.path('t.csd')}", "--labels", self.path("l.csd"), "--split", "1,0,0",
               "--out", self.path("out.h5"))
        self.refused("intervals is outside the file: a link", *csd)
        self.run_well(*csd, "--allow-external")

    def test_a_missing_filter(self):
        self.refused("/modality/a/features is compressed by the filter 'lzf' (32000), which this HDF5 library lacks: rewrite it",
                     "inspect", os.path.join(GOLDEN, "lzf.h5"))

    def test_files_that_are_not_hdf5(self):
        np.savez(self.path("x.npz"), x=np.zeros(3))
        self.refused("not an HDF5 file but a NumPy archive (.npz)", "inspect", self.path("x.npz"))

    def test_control_characters(self):
        with h5py.File(self.path("a.h5"), "a") as file:
            file.attrs["name"], file.attrs["licence"] = "a\x1b[2J", "b\x9b31m\r"
            file["label/\x1b]0;title\x07"] = np.arange(6.0)
        said = self.run_well("inspect", self.path("a.h5"), "--plot", self.path("a.svg"))
        for part in ("data set a\\x1b[2J\n", "licence    b\\xc2\\x9b31m\\x0d\n", "label      \\x1b]0;title\\x07"):
            self.assertIn(part, said)
        self.assertFalse([c for c in said if ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160])
        xml.dom.minidom.parse(self.path("a.svg"))
        self.edit({"modality/\x1b[31m/features": np.zeros((6, 2))})
        done = call("inspect", self.path("a.h5"))
        self.assertEqual((done.returncode, done.stderr.count("\x1b")), (1, 0))
        self.assertIn("modality name: found '\\x1b[31m'", done.stderr)

    def test_a_sparse_file_is_sampled(self):
        with h5py.File(self.path("big.h5"), "w") as file:
            file.create_dataset("modality/a/features", (1 << 18, 1 << 20), "f4", chunks=(1, 1 << 16))
            file["modality/a/features"][:1] = 1.0
            file.create_dataset("modality/b/features", (1 << 18, 1 << 36), "u1", chunks=(1, 1 << 20))
            file["split"], file["label/class"] = np.zeros(1 << 18, "u1"), np.arange(1 << 18) % 2
        done = subprocess.run([ENTENTE, "inspect", self.path("big.h5")], capture_output=True, text=True, timeout=40)
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ("262144 rows", "range 0 to 1, mean 0.0156", "from a sample of 64 evenly spaced rows", "rows too long to be examined"):
            self.assertIn(part, done.stdout)


class WholePrecise(Whole):
    """Features of 64 bits are centred before they are rounded."""

    def data(self, name, features):
        with h5py.File(self.path(name), "w") as file:
            file["modality/a/features"] = features
            rows = len(features)
            file["label/class"], file["split"] = np.arange(rows) % 2, np.arange(rows, dtype="u1") % 3
        return self.path(name)

    def train(self, name, features, **more):
        config = ("data: {file: %s, modalities: [a], label: class}\nmodel: {registers: {a: {qubits: 3}}}\n"
                  "federation: {clients: 2, rounds: 3}\n" % self.data(name + ".h5", features))
        with open(self.path("c.yaml"), "w") as file:
            file.write(config)
        return call("train", self.path("c.yaml"), "--out", self.path(name), "--json")

    def test_offsets_do_not_matter_and_constants_are_reported(self):
        whole = np.round(np.random.default_rng(3).normal(size=(120, 6)) * 1024) / 1024   # so that offsets change no bit
        whole[:, 0] += (np.arange(120) % 2) * 2
        whole[:, 4] = 0.1
        found = []
        for name, offset in (("none", 0.0), ("eight", 1e8), ("eleven", 2.0 ** 37)):
            done = self.train(name, whole + offset)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("modality 'a': 1 of 6 features is constant in the training rows: column 4", done.stdout + done.stderr)
            with h5py.File(os.path.join(self.path(name), "result.h5")) as file:
                found.append(file["metrics/loss"][0])
        np.testing.assert_allclose(found, found[0], rtol=1e-6)

    def test_refused_numbers(self):
        x = np.random.default_rng(1).normal(size=(60, 4))
        x[3, 2] = -1e200
        done = self.train("huge", x)
        self.assertIn("row 3, column 2: -1e+200, want a finite number of magnitude 1e100 at most", done.stderr)
        x[3, 2] = 0
        done = self.train("bits", (x.astype("f4").view("u4") >> 16).astype("u2"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("/modality/a/features: found bfloat16 stored as 16-bit integers", done.stderr)
        self.run_well("inspect", self.data("counts.h5", np.arange(240, dtype="u2").reshape(60, 4) * 270))

    def test_merge_keeps_them(self):
        self.data("b.h5", 1e8 + np.arange(12.0).reshape(6, 2) / 64)
        self.run_well("merge", self.path("b.h5"), "--out", self.path("out.h5"))
        with h5py.File(self.path("out.h5")) as file:
            np.testing.assert_array_equal(file["modality/a/features"][:], 1e8 + np.arange(12.0).reshape(6, 2) / 64)


class WholeRefuses(Whole):
    def test_merge(self):
        for text, part in (("id,group\nv0,1\nv1,2\n", "2 rows have no group, 'v2[0]' the first"),
                           ("id,group\nv0,1\nv0,2\nv1,1\nv2,1\n", "id 'v0' has two groups"), ("1\n2\n", "has 2 rows"),
                           ("id,group\nv0\n", ":2: 1 cells, want 2")):
            self.refused(part, *self.merge(*self.groups(text)))
        self.write("b.h5", text=np.zeros((6, 2)))
        self.refused("in two of the files", *self.merge(self.path("b.h5")))
        self.write("b.h5", audio=np.zeros((5, 2)))
        self.refused("row 5 has the id 'none'", *self.merge(self.path("b.h5")))
        self.write("b.h5", ids=False, audio=np.zeros((5, 2)))
        self.refused("has 6 rows", *self.merge(self.path("b.h5")))
        self.refused("No such file", *self.merge(self.path("c.h5")))
        self.write("a.h5", ids=False, text=np.zeros((6, 2)))
        self.refused("no /id", *self.merge(*self.groups("id,group\nv0,1\n")))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
