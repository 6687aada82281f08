#!/usr/bin/env python3
"""entente circuit and entente simulate: an exported circuit gives what eval has computed; outcomes, formats, refusals."""
import csv
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import h5py

ENTENTE = sys.argv[1]
del sys.argv[1:2]
CONFIG = """data: {file: %s, modalities: [text, audio], label: class}
model:
  registers: {text: {qubits: 2, layers: 2, angles: 2}, audio: {qubits: 2, layers: 1, reduce: linear}}
  fusion: {layers: 2, gate: rzz, within: chain, reupload: true}
  readout: zz
federation: {clients: 2, rounds: 1}
"""
BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
h q[0];
cx q[0],q[2];
measure q[0] -> c[2];
measure q[2] -> c[1];
"""


def run(*command):
    return subprocess.run([ENTENTE, *command], capture_output=True, text=True, timeout=100)


class Circuit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.data, cls.config, cls.result = (os.path.join(cls.folder.name, n) for n in ("data.h5", "a.yaml", "result"))
        run("synth", "--rows", "60", "--out", cls.data)
        with open(cls.config, "w") as file:
            file.write(CONFIG % cls.data)
        done = run("train", cls.config, "--out", cls.result, "--quiet")
        assert done.returncode == 0, done.stderr
        with h5py.File(os.path.join(cls.result, "result.h5")) as file:
            cls.weights = file["/weights/value"][:]
            names = file["/weights/name"][()].decode().split()
            cls.first = dict(zip(names, file["/weights/first"][:]))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def done(self, *command):
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def expectations(self, text, *options):
        """The values of the readouts named in the comments, in their order."""
        strings = re.findall(r"^// readout \d+: (\S+)$", text, re.M)
        path = self.write("circuit.qasm", text)
        found = self.done("simulate", path, "--observable", ",".join(strings), "--json", *options)
        return [json.loads(found.splitlines()[-1])["expectations"][s] for s in strings]

    def outputs(self, blocks, readouts):
        """The linear head: each block has its weights for all outputs."""
        sums = [self.weights[self.first["head/bias"] + o] for o in range(2)]
        for name, count in blocks:
            for o in range(2):
                at = self.first[name] + o * count
                sums[o] += sum(self.weights[at + k] * readouts[k] for k in range(count))
            readouts = readouts[count:]
        self.assertEqual(readouts, [])
        return sums

    def test_a_bound_circuit_gives_the_outputs_of_eval(self):
        blocks = [("head/text", 2), ("head/audio", 2), ("head/text-audio", 2)]
        predictions = os.path.join(self.folder.name, "p.csv")
        self.done("eval", self.result, "--all", "--predictions", predictions)
        with open(predictions) as file:
            rows = list(csv.DictReader(file))
        for form, engine, row in [("qasm3", "batch", rows[0]), ("qasm2", "reference", rows[37]), ("qasm3", "state", rows[-1])]:
            text = self.done("circuit", self.result, "--row", row["row"], "--format", form)
            found = self.outputs(blocks, self.expectations(text, "--engine", engine))
            for o in range(2):
                self.assertAlmostEqual(found[o], float(row["output_%d" % o]), delta=1e-12)
        os.unlink(predictions)
        self.done("eval", self.result, "--all", "--missing", "text", "--predictions", predictions)
        with open(predictions) as file:
            row = list(csv.DictReader(file))[5]
        text = self.done("circuit", self.result, "--row", row["row"], "--context", "audio")
        found = self.outputs(blocks[1:2], self.expectations(text))
        for o in range(2):
            self.assertAlmostEqual(found[o], float(row["output_%d" % o]), delta=1e-12)

    def test_chosen_strings(self):
        """Read in training, by eval, in the exported circuit, the plan and inspect; not where a register is absent."""
        out = os.path.join(self.folder.name, "strings")
        keys = ["--set", "model.strings=[text X0Y1, audio YX, text Z1 audio X0Z1]"]
        self.done("train", self.config, *keys, "--out", out, "--quiet")
        with h5py.File(os.path.join(out, "result.h5")) as file:
            weights, first = file["/weights/value"][:], file["/weights/first"][:]
            at = dict(zip(file["/weights/name"][()].decode().split("\n"), first))
        predictions = os.path.join(self.folder.name, "strings.csv")
        for context, blocks, readouts in [
                ("text,audio", [("text", 2), ("audio", 2), ("text-audio", 2), ("text X0Y1", 1), ("audio X0Y1", 1),
                                ("text Z1 audio X0Z1", 1)], "Z0 Z1 Z2 Z3 Z0Z2 Z1Z3 X0Y1 X2Y3 Z1X2Z3"),
                ("audio", [("audio", 2), ("audio X0Y1", 1)], "Z0 Z1 X0Y1")]:
            absent = ["--missing", "text"] if context == "audio" else []
            self.done("eval", out, "--all", *absent, "--predictions", predictions)
            with open(predictions) as file:
                row = [r for r in csv.DictReader(file)][4]
            os.unlink(predictions)
            text = self.done("circuit", out, "--row", row["row"], "--context", context)
            self.assertEqual(re.findall(r"^// readout \d+: (\S+)$", text, re.M), readouts.split())
            for engine in ["reference", "batch", "state"]:
                found = self.expectations(text, "--engine", engine)
                logits = [weights[at["head/bias"] + o] for o in range(2)]
                for name, count in blocks:
                    for o in range(2):
                        head = at["head/" + name] + o * count
                        logits[o] += sum(weights[head + k] * found[k] for k in range(count))
                    found = found[count:]
                self.assertEqual(found, [])
                for o in range(2):
                    self.assertAlmostEqual(logits[o], float(row["output_%d" % o]), delta=1e-12)
        self.assertIn(" 9 readouts", self.done("plan", self.config, *keys))
        self.done("report", out, "--text")

    def test_strings_that_cannot_be_read(self):
        for given, part in [("[text X2]", "model.strings: 'text X2': Pauli string 'X2': qubit 2, want 0 to 1"),
                            ("[video X0]", "model.strings: 'video X0': found 'video X0', want a register and letters"),
                            ("[text X0, text XI, text IX]", "model.strings: 'text IX' is given twice"),
                            ("[text X0 text Z1]", "model.strings: 'text X0 text Z1': register 'text' occurs twice"),
                            ("[text II]", "want X, Y or Z on one qubit at least"),
                            ("[text]", "found 'text', want a register and letters"),
                            ("[text X0], model.head=direct", "want head linear"),
                            ("[text X0], model.readout=probabilities", "found probabilities too"),
                            ("[text X0 audio X0], model.kind=late", "Pauli string 1 of 1 is on several registers")]:
            sets = [x for k, s in enumerate(("model.strings=" + given).split("], ")) for x in
                    ("--set", s + "]" if k == 0 and not s.endswith("]") else s)]
            done = run("train", self.config, *sets, "--out", os.path.join(self.folder.name, "no"))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(part, done.stderr)

    def test_symbols_are_the_weights_and_the_data(self):
        bound = self.expectations(self.done("circuit", self.result, "--row", "3"))
        text = self.done("circuit", self.result)
        slots = [int(s) for s in re.findall(r"^// theta\d+ is weight (\d+) of the model$", text, re.M)]
        angles = re.findall(r"^r[yz]\((-?[\d.e-]+)\)", self.done("circuit", self.result, "--row", "3"), re.M)
        symbols = re.findall(r"^r[yz]\(([a-z]+\d+)\)", text, re.M)
        data = {s: a for s, a in zip(symbols, angles) if s[0] == "x"}
        found = self.expectations(text, "--params=" + ",".join(repr(float(self.weights[s])) for s in slots),
                                  "--data=" + ",".join(data["x%d" % k] for k in range(len(data))))
        for a, b in zip(found, bound):
            self.assertAlmostEqual(a, b, delta=1e-14)
        self.assertEqual(self.done("circuit", self.config), text)
        self.assertIn("ry(x0)", self.done("circuit", self.result, "--weights"))

    def test_a_file_with_a_mapping_of_its_inputs(self):
        ansatz = self.write("ansatz.qasm", "input float phi; input float x; qubit[2] q; bit[2] c; ry(phi) q; rx(x) q[0]; "
                            "cx q[0], q[1]; c = measure q;")
        out = os.path.join(self.folder.name, "mapped")
        keys = ["--set", "model.registers.text.ansatz=" + ansatz]
        mapping = ["--set", "model.registers.text.inputs={data: [phi]}"]
        done = run("train", self.config, *keys, *mapping, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ansatz.qasm: measurements at the end are no part of the circuit", done.stderr)
        self.assertNotIn("begins with x", done.stderr)
        text = self.done("circuit", out, "--context", "text")
        self.assertEqual(re.findall(r"^r[xy]\(.*", text, re.M)[:3], ["ry(x0) q[0];", "ry(x0) q[1];", "rx(theta0) q[0];"])
        none = run("train", self.config, *keys, "--set", "model.registers.text.inputs={params: [phi, x]}", "--out", "no")
        self.assertNotEqual(none.returncode, 0)
        self.assertIn("ansatz.qasm: none of its inputs is data", none.stderr)

    def test_models_of_papers(self):
        for name, qubits, strings in [("simqfl", 6, 63), ("wpqfl", 4, 15)]:
            out = os.path.join(self.folder.name, name)
            path = os.path.join(os.path.dirname(__file__), "..", "jobs", name + ".yaml")
            register = self.done("config", "--print", path)
            self.assertIn("image: {qubits: %d," % qubits, register)
            wide = os.path.join(self.folder.name, "wide.h5")
            if not os.path.exists(wide):
                self.done("synth", "--rows", "120", "--modalities", "image:70", "--classes", "3", "--out", wide)
            self.done("train", path, "--set", "data.file=" + wide, "--set", "federation.rounds=2", "--out", out, "--quiet")
            text = self.done("circuit", out)
            self.assertEqual(len(re.findall(r"^// readout ", text, re.M)), strings)
            with h5py.File(os.path.join(out, "result.h5")) as file:
                weights, first = file["/weights/value"][:], file["/weights/first"][:]
                names = file["/weights/name"][()].decode().split()
            at = dict(zip(names, first))
            predictions = os.path.join(self.folder.name, name + ".csv")
            self.done("eval", out, "--predictions", predictions)
            with open(predictions) as file:
                row = list(csv.DictReader(file))[3]
            bound = self.write("row.qasm", self.done("circuit", out, "--row", row["row"]))
            found = json.loads(self.done("simulate", bound, "--probabilities", "--json").splitlines()[-1])
            for o in range(3):
                head = at["head/image"] + o * 2**qubits
                logit = weights[at["head/bias"] + o]
                logit += sum(weights[head + int(k, 2)] * p for k, p in found["probabilities"].items())
                self.assertAlmostEqual(logit, float(row["output_%d" % o]), delta=1e-12)

    def test_pictures(self):
        picture = self.done("circuit", self.config, "--format", "text", "--context", "text")
        lines = picture.splitlines()
        self.assertRegex(lines[0], r"^q\[0\]: -RY\(x0\)--RZ\(x2\)--RY\(theta0\)--RZ\(theta1\)--\*-")
        self.assertRegex(lines[2], r"^q\[1\]: -RY\(x1\)--RZ\(x3\)--RY\(theta2\)--RZ\(theta3\)--Z-")
        self.assertIn("readout 1: Z1", lines)
        out = os.path.join(self.folder.name, "a.svg")
        self.done("circuit", self.result, "--row", "3", "--format", "svg", "--out", out)
        root = xml.etree.ElementTree.parse(out).getroot()
        labels = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertEqual([t for t in labels if t.startswith("q")], ["q0[0]", "q0[1]", "q1[0]", "q1[1]"])
        self.assertEqual(sum(t.startswith("RZZ(") for t in labels), 8)

    def test_outcomes_are_those_of_the_bits(self):
        bell = self.write("bell.qasm", BELL)
        found = json.loads(self.done("simulate", bell, "--shots", "10000", "--probabilities", "--json").splitlines()[-1])
        self.assertEqual(sorted(found["probabilities"]), ["000", "110"])
        for p in found["probabilities"].values():
            self.assertAlmostEqual(p, 0.5, delta=1e-15)
        self.assertEqual(sorted(found["counts"]), ["000", "110"])
        self.assertEqual(sum(found["counts"].values()), 10000)
        self.assertLess(abs(found["counts"]["000"] - 5000), 5 * math.sqrt(2500))
        again = json.loads(self.done("simulate", bell, "--shots", "10000", "--json").splitlines()[-1])
        self.assertEqual(again["counts"], found["counts"])
        other = json.loads(self.done("simulate", bell, "--shots", "10000", "--seed", "2", "--json").splitlines()[-1])
        self.assertNotEqual(other["counts"], found["counts"])
        found = self.done("simulate", bell, "--observable", "ZIZ,XIX", "--observable", "Y0Y2,Z1")
        values = re.findall(r"^<(\w+)> = (\S+)$", found, re.M)
        self.assertEqual([(name, round(float(v), 14)) for name, v in values],
                         [("ZIZ", 1), ("XIX", 1), ("Y0Y2", -1), ("Z1", 1)])

    def test_refusals(self):
        bell = self.write("bell.qasm", BELL)
        inputs = self.write("inputs.qasm", "input float x; input float w; qubit q; rx(x) q; ry(w) q;")
        middle = self.write("middle.qasm", "qubit q; bit c; c = measure q; h q;")
        for command, message in [
            (["simulate", middle], "middle.qasm:1:32: found 'h', want measurements at the end only"),
            (["simulate", bell, "--observable", "ZZ"], "Pauli string 'ZZ': 2 letters, want 3"),
            (["simulate", bell, "--observable", "III"], "want X, Y or Z on one qubit at least"),
            (["simulate", bell, "--observable", "Z0Z3"], "qubit 3, want 0 to 2"),
            (["simulate", bell, "--observable", "Z0X0"], "qubit 0 twice"),
            (["simulate", bell, "--observable", "Q1"], "found 'Q1', want letters I, X, Y, Z with qubits"),
            (["simulate", inputs, "--params", "1"], "inputs.qasm has 1 data inputs, but --data has 0 numbers"),
            (["simulate", inputs, "--params", "1,b"], "found 'b', want a number"),
            (["simulate"], "want an OpenQASM file"),
            (["circuit", self.config, "--row", "1"], "found a configuration, want a result"),
            (["circuit", self.config, "--format", "qasm2"], "OpenQASM 2, which has no inputs"),
            (["circuit", self.config, "--context", "smell"], "--context: found 'smell', want names"),
            (["circuit", self.config, "--set", "model.kind=mlp"], "kind mlp has no circuit"),
            (["circuit", self.result, "--row", "60"], "row 60: does not exist"),
            (["circuit", os.path.join(self.folder.name, "no")], "No such file"),
        ]:
            done = run(*command)
            self.assertNotEqual(done.returncode, 0, command)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
