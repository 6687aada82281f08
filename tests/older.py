"""Results and checkpoints as the first program wrote them: without the sections, keys and datasets that came later."""
import re

import h5py

SECTIONS = {"server", "attack", "system", "personal"}
KEYS = {"data": ["task"], "model": ["kind", "hidden", "params", "activation"],
        "federation": ["sampling", "on_divergence"], "client": ["modality_dropout"], "run": ["checkpoint_every", "fallback_dir", "stall_timeout_s"]}
DATA = ["kind", "round/compute_mean_s", "round/lost", "round/simulated_s", "round/staleness", "round/blocks_short",
        "round/excluded", "label", "dimensions", "untrained_rounds", "pattern/mae"]


def first_config(text):
    """A configuration as used now, with the defaults in it, as it was written then."""
    kept = []
    for section in re.split(r"(?m)^(?=\w)", text)[1:]:
        name = section.partition(":")[0]
        for key in KEYS.get(name, []):
            said = rf"{key}: [\w.+-]+"
            section, count = re.subn(rf"(?:,\s*|\n  ){said}|(?<={{){said},\s*", "", section)
            assert count == 1, (name, key, text)
        if name not in SECTIONS:
            kept.append(section)
    assert len(kept) == 7, text
    return "".join(kept)


def unseal(path):
    """Without the checksums that came later: what is changed then is as if it had been written so."""
    with h5py.File(path, "r+") as file:
        if "sha256" in file:
            del file["sha256"]


def rewrite_config(path, change):
    unseal(path)
    with h5py.File(path, "r+") as file:
        text = change(file["config"][()].decode())
        del file["config"]
        file["config"] = text


def make_first(path):
    """The file itself, a result.h5 or a checkpoint.h5; the datasets came to results alone."""
    rewrite_config(path, first_config)
    with h5py.File(path, "r+") as file:
        for name in DATA if path.name == "result.h5" else []:
            del file[name]
