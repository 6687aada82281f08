"""Results and checkpoints as the first version wrote them: without the sections, keys and datasets that came later."""
import hashlib
import re

import h5py
import numpy

SECTIONS = {"data", "model", "missing", "federation", "client", "seeds", "run"}  # those that it had
KEYS = {"data": ["task", "clip"], "model": ["kind", "hidden", "params", "activation"],
        "federation": ["sampling", "on_divergence"],
        "client": ["modality_dropout", "batch_share", "map_learning_rate", "head_learning_rate", "schedule", "warm_up",
                   "step_rounds", "step_factor", "clip_norm", "class_weights", "logit_adjustment"],
        "seeds": ["shots"],
        "run": ["checkpoint_every", "fallback_dir", "stall_timeout_s", "shots", "gradient", "spsa_step", "select", "patience"]}
DATA = ["kind", "round/compute_mean_s", "round/lost", "round/simulated_s", "round/staleness", "round/blocks_short",
        "round/excluded", "round/epsilon", "round/clip", "round/unclipped", "label", "dimensions", "untrained_rounds", "selected_round", "pattern/mae", "test/category", "test/confusion",
        "baseline", "metrics/calibration"]


# The behaviour of the first version, whose configuration did not have these keys: a run of today needs these settings to be
# the same.
BEFORE = ["data.clip=0", "client.map_learning_rate=-1", "client.head_learning_rate=-1", "client.schedule=constant",
          "client.logit_adjustment=false"]


def first_config(text):
    """A configuration as used now, including its defaults, as it was written then."""
    kept = []
    for section in re.split(r"(?m)^(?=\w)", text)[1:]:
        name = section.partition(":")[0]
        for key in KEYS.get(name, []):
            said = rf"{key}: [\w.+-]+"
            section, count = re.subn(rf"(?:,\s*|\n  ){said}|(?<={{){said},\s*", "", section)
            assert count == 1, (name, key, text)
        if name == "model":  # of every register
            section = re.sub(r",\s*(axes|input_scaling): \w+|,\s*inputs: {[^}]*}", "", section)
        section = re.sub(r"\n  secure: {[^}]*}|,\s*secure: {[^}]*}", "", section)
        if name in SECTIONS:
            kept.append(section)
    assert len(kept) == len(SECTIONS), text
    return "".join(kept)


def unseal(path):
    """Without the checksums that came later, so that changes look as if they had been written that way."""
    with h5py.File(path, "r+") as file:
        if "sha256" in file:
            del file["sha256"]


def rewrite_config(path, change):
    unseal(path)
    with h5py.File(path, "r+") as file:
        text = change(file["config"][()].decode())
        del file["config"]
        file["config"] = text


def narrow(file, name, columns):
    """A table of a checkpoint without some of its columns, with its checks."""
    table = numpy.delete(file[name][()], columns, axis=1)
    checks = [int.from_bytes(hashlib.sha256(row.tobytes()).digest()[:8], "big") for row in table]
    del file[name], file[f"check/{name}"]
    file[name] = table
    file[f"check/{name}"] = numpy.array(checks, "u8")


def first_tables(file):
    """Those of format 1: updates that were left out were not counted."""
    assert file["numbers"][0, 0] == 2
    numbers = file["numbers"][()]
    numbers[0, 0] = 1
    file["numbers"][()] = numbers
    narrow(file, "numbers", [])
    later = ("excluded", "epsilon", "clip", "unclipped", "validation_calibration", "test_calibration")
    names = file["figure_names"][()].decode().split()
    narrow(file, "figures", [names.index(name) for name in later])
    del file["figure_names"]
    if "inside" in file:
        narrow(file, "inside/count", [2])
    for name in ("isa", "blas", "features"):
        del file[name]


def make_first(path):
    """The file itself, a result.h5 or a checkpoint.h5."""
    rewrite_config(path, first_config)
    with h5py.File(path, "r+") as file:
        if path.name == "checkpoint.h5":
            first_tables(file)
        for name in DATA if path.name == "result.h5" else []:
            del file[name]
