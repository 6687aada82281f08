"""The keys of configurations in the command: the reference is what it prints, the schema refuses what it refuses, a
configuration is printed as it will run, and no file makes it crash, hang or grow.

    python3 tests/test_keys.py build/entente
"""
import copy
import json
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

JOBS = pathlib.Path(__file__).resolve().parent.parent / "jobs"
ENTENTE = sys.argv[1]
SANITIZED = "anitize" in ENTENTE  # slow to start, and large
SHORT = "data: {file: a.h5, modalities: [text, audio]}\n"


class Loader(yaml.SafeLoader):
    """Numbers as YAML 1.2 and the program have them: 1e-3 is one."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$"),
                             list("-+0123456789."))


def run(*words, seconds=20, megabytes=600):
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
    return subprocess.run([ENTENTE, *map(str, words)], capture_output=True, text=True, timeout=seconds,
                          preexec_fn=None if SANITIZED else limit)


def written(folder, text, name="c.yaml"):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return path


def schema(kind):
    return jsonschema.Draft7Validator(json.loads((JOBS / "schema" / f"{kind}.json").read_text()))


class Shipped(unittest.TestCase):
    def test_reference_and_schemas_are_those_of_the_table(self):
        self.assertEqual(run("config", "--reference").stdout, (JOBS / "REFERENCE.md").read_text())
        for kind in ["configuration", "sweep", "study"]:
            text = run("config", f"--schema={kind}").stdout
            self.assertEqual(text, (JOBS / "schema" / f"{kind}.json").read_text(), "run `ninja reference`")
            jsonschema.Draft7Validator.check_schema(json.loads(text))
        self.assertEqual(run("config", "--schema").stdout, (JOBS / "schema/configuration.json").read_text())

    def test_every_file_names_its_schema_and_keeps_it(self):
        files = sorted(JOBS.glob("*.yaml"))
        self.assertGreater(len(files), 10)
        for path in files:
            kind = "study" if path.name.startswith("study") else "configuration"
            text = path.read_text()
            self.assertEqual(text.splitlines()[0], f"# yaml-language-server: $schema=schema/{kind}.json", path)
            errors = [error.message for error in schema(kind).iter_errors(yaml.load(text, Loader))]
            self.assertEqual(errors, [], path)

    def test_help_lists_every_key(self):
        text = run("train", "--help").stdout
        for key in re.findall(r"^\| `(\w+)` \|", (JOBS / "REFERENCE.md").read_text(), re.M):
            self.assertRegex(text, rf"[ {{]{key}[,}}:\n]")
        self.assertLess(max(map(len, text.splitlines())), 80)

    def test_sweeps(self):
        good = ("base: a.yaml\nset: {data.file: b.h5, 'model.registers.*.qubits': 4}\n"
                "grid: {client.batch: [8, 16], data.modalities: [[text], [text, audio]],\n"
                "  missing.rate: [0, {text: 0.5}]}\n"
                "random: {draws: 3, keys: {client.learning_rate: {log: [1e-4, 1e-1]}}}\n")
        self.assertEqual([e.message for e in schema("sweep").iter_errors(yaml.load(good, Loader))], [])
        for old, new in [("[8, 16]", "[8, 0]"), ("client.batch", "client.bacth"), ("grid", "gird"), ("log:", "lag:"),
                         ("[8, 16]", "8"), ("draws: 3", "draws: 0")]:
            self.assertFalse(schema("sweep").is_valid(yaml.load(good.replace(old, new), Loader)), new)


class Print(unittest.TestCase):
    def test_as_it_will_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = written(folder, SHORT + "client: {batch: 7}\n")
            ran = run("config", "--print", path, "--set", "missing.rate=0.25", "--set", "model.registers.*.qubits=5")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            whole = yaml.load(ran.stdout, Loader)
            self.assertEqual((whole["client"]["batch"], whole["client"]["optimizer"]), (7, "adam"))
            self.assertEqual(whole["missing"]["rate"], {"text": 0.25, "audio": 0.25})
            self.assertEqual(whole["model"]["registers"]["audio"]["qubits"], 5)
            self.assertTrue(schema("configuration").is_valid(whole))
            again = written(folder, ran.stdout, "again.yaml")
            self.assertEqual(run("config", "--print", again).stdout, ran.stdout)

    def test_it_refuses(self):
        for words in [["config"], ["config", "a.yaml"], ["config", "--print"], ["config", "--schema=x"],
                      ["config", "--reference", "a.yaml"], ["config", "--reference", "--schema"]]:
            self.assertEqual(run(*words).returncode, 2, words)

    def test_did_you_mean(self):
        with tempfile.TemporaryDirectory() as folder:
            path = written(folder, SHORT)
            for given, meant in [("client.bacth=3", "batch"), ("clint.batch=3", "client"),
                                 ("epochs=3", "client.epochs"),
                                 ("client.optimizer=Adam", "adam"), ("missing.policy=zeros", "zero"),
                                 ("model.registers.txt.qubits=3", "text"), ("server.rounds=3", "federation.rounds")]:
                ran = run("config", "--print", path, "--set", given)
                self.assertEqual(ran.returncode, 1, given)
                self.assertIn(f"(did you mean '{meant}'?)", ran.stderr)
            for given in ["client.zebra=1", "client.optimizer=zebra"]:
                self.assertNotIn("did you mean", run("config", "--print", path, "--set", given).stderr)


class Commands(unittest.TestCase):
    def test_did_you_mean(self):
        self.assertIn("unknown command 'trian' (did you mean 'train'?)", run("trian").stderr)
        self.assertNotIn("mean", run("zebra").stderr)
        with tempfile.TemporaryDirectory() as folder:
            path = written(folder, "base: a.yaml\ngird: {client.batch: [1]}\n", "s.yaml")
            said = run("sweep", path, "--out", f"{folder}/out").stderr
            self.assertIn("unknown key 'gird', want one of: base, set, grid", said)
            self.assertIn("(did you mean 'grid'?)", said)


class Mutations(unittest.TestCase):
    """At least 200 wrong files, every key wrong once: the program refuses each, and so does the schema."""

    def leaves(self, tree, path=()):
        for key, value in tree.items():
            if isinstance(value, dict):
                yield from self.leaves(value, path + (key,))
            else:
                yield path + (key,)

    def mutate(self, draw, whole, path):
        tree = copy.deepcopy(whole)
        at = tree
        for key in path[:-1]:
            at = at[key]
        old = at[path[-1]]
        number = isinstance(old, (int, float)) and not isinstance(old, bool)
        kinds = ["typo", "list", "section"] + (["below", "above", "word"] if number and path[0] != "seeds" else [])
        text = path[-1] in ("file", "label", "ansatz", "fallback_dir") or path[0] == "devices"
        kinds += ["choice"] if isinstance(old, str) and not text else []
        kind = draw.choice(kinds)
        if kind == "typo":
            names = (("missing", "rate"), ("noise", "factor"))  # a modality's name is not a key of the schema
            if len(path) == 4 or path[:2] in names:
                return None
            at[path[-1] + "x"] = at.pop(path[-1])
        elif kind == "list":
            at[path[-1]] = [[1]] if isinstance(old, list) else [old]
        else:
            at[path[-1]] = {"section": {"a": 1}, "below": -1000000000, "above": 1e300, "word": "many", "choice": "zebra"}[kind]
        return tree, path, kind

    def test_the_schema_refuses_what_the_program_refuses(self):
        draw, validator, seen = random.Random(1), schema("configuration"), set()
        with tempfile.TemporaryDirectory() as folder:
            whole = yaml.load(run("config", "--print", written(folder, SHORT)).stdout, Loader)
            self.assertTrue(validator.is_valid(whole))
            paths = list(self.leaves(whole))
            draw.shuffle(paths)  # every key is wrong once, and some are twice
            if SANITIZED:
                paths = paths[:40]
            for path in paths + paths[: max(0, 200 - len(paths))]:
                made = None
                while not made:
                    made = self.mutate(draw, whole, path)
                tree, path, kind = made
                ran = run("config", "--print", written(folder, yaml.safe_dump(tree)))
                self.assertEqual(ran.returncode, 1, (path, kind, ran.stderr))
                self.assertIn(path[-1] if kind != "typo" else path[-1] + "x", ran.stderr)
                self.assertFalse(validator.is_valid(tree), (path, kind))
                seen.add(kind)
            for missing in ("file", "modalities"):
                tree = copy.deepcopy(whole)
                del tree["data"][missing]
                self.assertEqual(run("config", "--print", written(folder, yaml.safe_dump(tree))).returncode, 1)
                self.assertFalse(validator.is_valid(tree))
        self.assertEqual(seen, {"typo", "list", "section", "below", "above", "word", "choice"})


class Hostile(unittest.TestCase):
    """Aliases to themselves, bombs, depth, size: a message that names the limit, at once and in little memory."""

    def check(self, text, *parts, command=("config", "--print")):
        with tempfile.TemporaryDirectory() as folder:
            written(folder, SHORT, "base.yaml")
            out = [] if command[0] == "config" else ["--out", f"{folder}/out"]
            ran = run(*command, written(folder, text, "hostile.yaml"), *out)
            self.assertEqual(ran.returncode, 1, ran.stderr[-500:])
            for part in parts if "points" in parts else ("hostile.yaml", *parts):
                self.assertIn(part, ran.stderr)

    BOMB = "a: &a [" + ", ".join(["x"] * 10) + "]\n" + "".join(
        f"{chr(98 + k)}: &{chr(98 + k)} [{', '.join(['*' + chr(97 + k)] * 10)}]\n" for k in range(9))

    def test_aliases_to_themselves(self):
        for text in ["base: base.yaml\nset: &a {client.batch: *a}\ngrid: {client.epochs: [1]}\n",
                     "base: base.yaml\nset: {client.batch: &a [*a]}\ngrid: {client.epochs: [1]}\n",
                     "base: base.yaml\ngrid: {client.epochs: [&a {b: [*a]}]}\n"]:
            self.check(text, "an alias in here means what it is a part of", command=("sweep",))
        self.check(SHORT + "client: &c {batch: *c}\n", "an alias in here")

    def test_alias_bombs(self):
        self.check(SHORT + self.BOMB, "too many values with aliases expanded, want at most 1000000")
        self.check("base: base.yaml\n" + self.BOMB.replace("j: &j", "set: &j"), "want at most 1000000",
                   command=("sweep",))
        deep = "a0: &a0 [1]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}]\n" for k in range(1, 60))
        self.check(SHORT + deep, "nested too deep with aliases expanded, want at most 32")

    def test_depth_and_size(self):
        self.check(SHORT + "client: " + "[" * 40000 + "]" * 40000 + "\n", "nested too deep, want at most 32")
        self.check(SHORT + "client: " + "{a: " * 40000 + "}" * 40000 + "\n", "nested too deep, want at most 32")
        self.check(SHORT + "client:\n" + "".join(" " * k + "-\n" for k in range(1, 2000)), "nested too deep")
        self.check(SHORT + "client: {" + ", ".join(f"k{k}: 1" for k in range(5000)) + "}\n",
                   "too many keys in one section, want at most 1000")
        self.check(SHORT + "client: [" + "1," * 1200000 + "]\n", "too many values, want at most 1000000")
        self.check(SHORT + "client: [" + ", ".join(f"&a{k} 1" for k in range(5000)) + "]\n",
                   "too many anchors, want at most 100")

    def test_zero_bytes(self):
        """Text after one would be missing without an error; in UTF-16 every second byte is one."""
        self.check(SHORT + "\0client: {batch: 5}\n", "byte %d is 0, want text in UTF-8" % len(SHORT))
        self.check("base: base.yaml\ngrid: {client.epochs: [1]}\0\n", "is 0, want text in UTF-8", command=("sweep",))
        self.check("\0", "byte 0 is 0")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "wide.yaml"
            path.write_text(SHORT, encoding="utf-16")
            self.assertIn("is 0, want text in UTF-8", run("config", "--print", path).stderr)
            path.write_text(SHORT, encoding="utf-8-sig")
            self.assertEqual(run("config", "--print", path).returncode, 0)

    def test_an_override_is_no_way_around(self):
        with tempfile.TemporaryDirectory() as folder:
            path = written(folder, SHORT)
            ran = run("config", "--print", path, "--set", "client=" + "[" * 40000)
            self.assertIn("nested too deep", ran.stderr)
            self.assertIn("unknown key 'a'", run("config", "--print", path, "--set", "a." * 30000 + "b=1").stderr)

    def test_grids_are_counted_before_they_are_made(self):
        values = str(list(range(1, 2001)))
        keys = ["client.batch", "client.epochs", "federation.rounds", "seeds.init"]
        grid = ", ".join(f"{key}: {values}" for key in keys)
        self.check(f"base: base.yaml\ngrid: {{{grid}}}\n", "points",
                   "found 16000000000000 points (2000 x 2000 x 2000 x 2000), want at most 100000", command=("sweep",))
        self.check("base: base.yaml\ngrid: {client.batch: [1, 2]}\nrandom: {draws: 60000, keys: {client.epochs: "
                   "{integer: [1, 9]}}}\n", "points", "found 120000 points (2 x 60000)", command=("sweep",))
        self.check("base: base.yaml\nvariants: {a: {}}\nsettings: {b: {}, c: {}}\nseeds: 9000\nrates: "
                   f"{[0] * 7}\n", "points", "found 126000 points (2 x 7 x 9000)", command=("study",))

    def test_aliases_are_expanded_where_they_are_sound(self):
        with tempfile.TemporaryDirectory() as folder:
            path = written(folder, SHORT + "model: {registers: {text: &r {qubits: 5}, audio: *r}}\n")
            whole = yaml.load(run("config", "--print", path).stdout, Loader)
            self.assertEqual(whole["model"]["registers"]["audio"]["qubits"], 5)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
