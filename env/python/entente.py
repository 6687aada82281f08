"""Entente from Python, without a build: read results, write data sets, run trainings.

Needs numpy and h5py; pandas only for to_pandas().  Put the folder of this file into PYTHONPATH, or copy the file.

    import entente
    entente.save_dataset("data.h5", features={"text": x, "audio": z}, labels=y, split=split)
    result = entente.train("my.yaml", ranks=4, **{"data.file": "data.h5", "client.batch": 32})
    print(result.metrics["accuracy"], result.rounds["test_accuracy"][-1])
"""
import fnmatch
import json
import os
import shlex
import subprocess
import tempfile

import h5py
import numpy as np

__all__ = ["Result", "load", "save_dataset", "train", "EntenteError"]

MAX_MODALITIES = 16
PARTS = ("train", "validation", "test")


class EntenteError(Exception):
    """What a file or a call lacks: the value found and the value wanted."""


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_text(dataset):
    value = dataset[()]
    if isinstance(value, np.ndarray):
        value = value.flat[0] if value.dtype.kind in "SO" else bytes(value.tolist())
    return _text(value).rstrip("\0")


class Result:
    """A result folder, read whole.

    config       the configuration as used, YAML text
    metrics      {name: number}: figures of the test rows after the last round
    rounds       {name: array [rounds]}
    clients      {name: array [clients]}
    client_rounds  array [rounds, clients] of test accuracies, or None: too many, or an older program
    patterns     {name: array}: context (bit m: modality m present), n, accuracy
    parts        {"train": {"row", "client", "context", ...}, "validation": ..., "test": ...}
    predictions  array [test rows, outputs], in the order of parts["test"]["row"]
    weights      {block name: array}
    attributes   {"version", "created", "host", "kind", "engine": text}
    """

    def __init__(self, folder):
        path = os.path.join(folder, "result.h5") if os.path.isdir(folder) else folder
        if not os.path.exists(path):
            raise EntenteError(f"{path}: no such file, want a result that `entente train` wrote")
        self.path = path
        try:
            with h5py.File(path, "r") as file:
                self._read(file)
        except (OSError, KeyError) as error:
            raise EntenteError(f"{path}: not a result, or a damaged one: {error}") from error

    def _read(self, file):
        def table(group):
            if group not in file:
                return {}
            return {name: item[()] for name, item in file[group].items() if isinstance(item, h5py.Dataset)}

        self.config = _read_text(file["config"])
        self.attributes = {name: _read_text(file[name])
                           for name in ("version", "created", "host", "kind", "engine") if name in file}
        self.metrics = {name: float(np.ravel(value)[0]) for name, value in table("metrics").items()}
        self.rounds = table("round")
        self.clients = table("client")
        self.client_rounds = table("client_round").get("accuracy")
        self.patterns = table("pattern")
        self.parts = {part: table("part/" + part) for part in PARTS}
        self.predictions = file["test/output"][()]
        weights = file["weights"]
        value = weights["value"][()]
        names = _read_text(weights["name"]).splitlines()
        self.weights = {name: value[first:first + count]
                        for name, first, count in zip(names, weights["first"][()], weights["count"][()])}

    def to_pandas(self, table="rounds"):
        """A pandas.DataFrame of `rounds`, `clients` or `patterns`."""
        if table not in ("rounds", "clients", "patterns"):
            raise EntenteError(f"table: found '{table}', want rounds, clients or patterns")
        import pandas
        return pandas.DataFrame(getattr(self, table))

    def __repr__(self):
        figures = ", ".join(f"{name} {value:.4f}" for name, value in self.metrics.items()
                            if name in ("loss", "accuracy", "mae") and not np.isnan(value))
        return f"<Entente result {self.path}: {len(next(iter(self.rounds.values()), []))} rounds, {figures}>"


def load(folder):
    """The result in a folder (or the path of its result.h5)."""
    return Result(folder)


def _column(name, values, rows, low=None, high=None):
    array = np.asarray(values)
    if array.shape != (rows,):
        raise EntenteError(f"{name}: found shape {array.shape}, want ({rows},)")
    if array.dtype.kind not in "biu":
        if array.dtype.kind != "f" or not np.all(np.equal(np.mod(array, 1), 0)):
            raise EntenteError(f"{name}: found {array.dtype}, want whole numbers")
    array = array.astype(np.int64)
    if low is not None and rows > 0 and array.min() < low:
        raise EntenteError(f"{name}: found {array.min()}, want at least {low}")
    if high is not None and rows > 0 and array.max() > high:
        raise EntenteError(f"{name}: found {array.max()}, want at most {high}")
    return array


def _features(name, values):
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] == 0:
        raise EntenteError(f"features of '{name}': found shape {array.shape}, want (rows, dimension)")
    if array.dtype.kind not in "biuf":
        raise EntenteError(f"features of '{name}': found {array.dtype}, want numbers")
    return array.astype(np.float64 if array.dtype == np.float64 else np.float32)


def _labels(labels):
    """{name: values}: what is not a dictionary is called class (whole numbers from 0) or value (anything else)."""
    if isinstance(labels, dict):
        return labels
    array = np.asarray(labels)
    if array.dtype.kind in "biu":
        return {"class": array}
    return {"value": array}


def _check_modality(name, modalities):
    if not name or len(name.encode()) > 63 or "/" in name or name.startswith("."):
        raise EntenteError(f"modality '{name}': want 1 to 63 bytes without '/', not beginning with '.'")
    if len(modalities) > MAX_MODALITIES:
        raise EntenteError(f"{len(modalities)} modalities, want at most {MAX_MODALITIES}")


# What each dataset is, as the importers write it: name, unit, description.
_NOTES = [("modality/*/features", "as in the source",
           "features of the modality, a row per sample; NaN or 0 where it is absent"),
          ("modality/*/present", "1", "1 where the sample has the modality, else 0"),
          ("label/class", "none", "class of each sample"),
          ("label/*", "as in the source", "label of each sample"),
          ("split", "none", "part that each sample is in: 0 train, 1 validation, 2 test"),
          ("group", "none", "group of each sample, for example its speaker or video: a natural client")]


def _annotate(file):
    def note(name, item):
        if isinstance(item, h5py.Dataset):
            unit, description = next(row[1:] for row in _NOTES if fnmatch.fnmatchcase(name, row[0]))
            item.attrs["unit"], item.attrs["description"] = unit, description
    file.visititems(note)


def _write(file, features, present, labels, split, group):
    rows = len(next(iter(features.values())))
    for name, x in features.items():
        if len(x) != rows:
            raise EntenteError(f"features of '{name}': found {len(x)} rows, want {rows} as the first modality has")
        here = np.ones(rows, np.uint8) if name not in present else _column(f"present['{name}']", present[name], rows,
                                                                          0, 1).astype(np.uint8)
        lost = np.flatnonzero(~np.isfinite(x).all(axis=1) & (here == 1))
        if lost.size:
            raise EntenteError(f"features of '{name}': row {lost[0]} holds a number that is not finite; want finite "
                               f"numbers, or present['{name}'][{lost[0]}] = 0")
        file[f"modality/{name}/features"] = x
        file[f"modality/{name}/present"] = here
    for name in present:
        if name not in features:
            raise EntenteError(f"present: '{name}' has no features; modalities: {', '.join(features)}")
    for name, values in labels.items():
        if name == "class":
            file["label/class"] = _column("labels (class)", values, rows, 0, 2**31 - 1).astype(np.int32)
            continue
        array = np.asarray(values)
        if array.shape != (rows,):
            raise EntenteError(f"labels ({name}): found shape {array.shape}, want ({rows},)")
        if array.dtype.kind not in "biuf" or not np.isfinite(array.astype(float)).all():
            raise EntenteError(f"labels ({name}): want finite numbers")
        file[f"label/{name}"] = array.astype(np.int32 if array.dtype.kind in "biu" else np.float32)
    parts = _column("split", split, rows, 0, 2).astype(np.uint8)
    if not (parts == 0).any():
        raise EntenteError("split: no row is 0 (train)")
    file["split"] = parts
    if group is not None:
        file["group"] = _column("group", group, rows, -2**31, 2**31 - 1).astype(np.int32)


def save_dataset(path, features, labels, split, present=None, group=None, name="", source="", licence=""):
    """Write a data set that Entente reads, whole or not at all.

    features  {modality: array [rows, dimension]}
    labels    array [rows], whole numbers from 0 for classes, else a real label; or {name: array}
    split     array [rows]: 0 train, 1 validation, 2 test
    present   {modality: array [rows] of 0 and 1}; a modality that is left out is always present
    group     array [rows]: a speaker, a video: a natural client
    """
    if not isinstance(features, dict) or not features:
        raise EntenteError("features: want a dictionary {modality: array [rows, dimension]} with at least one entry")
    for modality in features:
        _check_modality(modality, features)
    ready = {modality: _features(modality, x) for modality, x in features.items()}
    folder = os.path.dirname(os.path.abspath(path))
    handle, part = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".", suffix=".part")
    os.close(handle)
    try:
        with h5py.File(part, "w") as file:
            _write(file, ready, present or {}, _labels(labels), split, group)
            _annotate(file)
            for key, value in (("name", name), ("source", source), ("licence", licence)):
                if value:
                    file.attrs[key] = value
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _override(value):
    """A value as YAML: JSON is YAML, and strings that are one word need no quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def train(config, ranks=1, out=None, resume=False, entente="entente", launcher=None, **overrides):
    """Run `entente train` and return its Result.

    config     the path of a YAML file
    ranks      MPI ranks; launcher: the command before the program, `mpirun -n {ranks}` by default for more than one
    out        the result folder; a new one beside the configuration by default
    overrides  {"client.batch": 32}: pass them as **{...}, since the keys hold dots
    """
    if out is None:
        out = tempfile.mkdtemp(prefix="result-", dir=os.path.dirname(os.path.abspath(config)))
    command = shlex.split(launcher.format(ranks=ranks)) if launcher else ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    command += [entente, "train", config, "--out", out, "--quiet"] + (["--resume"] if resume else [])
    for key, value in overrides.items():
        command += ["--set", f"{key}={_override(value)}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        message = (done.stderr or done.stdout).strip()
        raise EntenteError(f"{' '.join(command)}: exit code {done.returncode}\n{message}")
    return load(out)
