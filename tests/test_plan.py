#!/usr/bin/env python3
"""entente plan: its estimates agree with the needs of a run, and what cannot fit is refused."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ENTENTE = sys.argv.pop(1)
CONFIG = """data: {file: %s, modalities: [text, audio, vision], label: class}
model:
  registers: {text: {qubits: %d}, audio: {qubits: 6}, vision: {qubits: 4}}
run: {threads: 1}
"""


class Plan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.data = os.path.join(cls.folder.name, "data.h5")
        subprocess.run([ENTENTE, "synth", "--rows", "200", "--out", cls.data], check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plan(self, qubits, *options):
        path = os.path.join(self.folder.name, "plan.yaml")
        with open(path, "w") as file:
            file.write(CONFIG % (self.data, qubits))
        return subprocess.run([ENTENTE, "plan", path, *options], capture_output=True, text=True, timeout=100)

    def figures(self, qubits, *options):
        done = self.plan(qubits, "--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1]), done.stdout

    def refused(self, qubits, words, *options):
        done = self.plan(qubits, *options)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_small_circuit_stays_in_cache(self):
        found, text = self.figures(2)
        self.assertEqual((found["qubits"], found["passes"], found["moved_bytes"]), (12, 0, 0.0))
        self.assertIn("in cache", text)
        self.assertTrue(1e-7 < found["sample_s"] < 1e-2)

    def test_what_the_seconds_are_not(self):
        for key, part in [("client.optimizer=rotosolve", "rotosolve runs the batch for every angle"),
                          ("client.optimizer=qng", "qng also computes a metric"),
                          ("run.gradient=shift", "shift runs the batch for every angle"),
                          ("noise.after_2q.depolarizing=0.01", "has noise"), ("client.optimizer=sgd", None)]:
            done = self.plan(2, "--set", key)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("those of exact gradients without noise" in done.stderr, part is not None)
            self.assertIn(part or "", done.stderr)

    def test_devices_of_the_clients(self):
        found, text = self.figures(3, "--set", "devices.qubits='1, 3, 2'", "--set", "devices.layers=1", "--set",
                                   "devices.shots=0")
        self.assertIn("devices      in turn 1, 3, 2 qubits of each register; 1 layers; 0 shots (0: all)", text)
        self.assertEqual(found["qubits"], 13)
        self.assertNotIn("devices", self.figures(3)[1])
        self.refused(3, ["devices.qubits: found '1,,2', want whole numbers from 0 to 256"], "--set",
                     "devices.qubits='1,,2'")
        amplitude = "model.registers.text={qubits: 3, encoding: amplitude, reupload: false, angles: 1}"
        self.refused(3, ["2 qubits per register (devices.qubits), want the 3 of 'text': amplitude"], "--set", amplitude,
                     "--set", "devices.qubits=2")

    def test_what_readouts_depend_on(self):
        found, text = self.figures(4, "--set", "model.registers.audio.qubits=4")
        self.assertTrue(found["pauli"])
        self.assertLess(found["pauli_cost"], found["whole_cost"])
        self.assertIn("engine       pauli: it costs less", text)
        self.assertIn("every readout depends on 3 qubits, one per register: 36 register expectation values per sample; "
                      "the fused state of 2^12 amplitudes is not formed", text)
        again, text = self.figures(4, "--set", "model.registers.audio.qubits=4", "--set",
                                   "model.fusion={layers: 2, reupload: true}")
        self.assertTrue(again["pauli"])
        self.assertTrue(found["pauli_cost"] < again["pauli_cost"] < again["whole_cost"] / 10)
        self.assertIn("every readout depends on 3 qubits, one per register: 36 register expectation values", text)
        found, text = self.figures(2, "--set", "model.fusion={pattern: chain, gate: crx, layers: 3}")
        self.assertFalse(found["pauli"])
        self.assertIn("engine       batch: the whole state costs less", text)
        found, text = self.figures(2, "--set", "model.fusion.gate=qft")
        self.assertIsNone(found["pauli_cost"])
        self.assertIn("found gate qft over several registers", text)
        self.refused(2, ["gate qft over several registers"], "--set", "model.fusion.gate=qft", "--set",
                     "run.engine=pauli")

    def test_a_model_that_no_state_could_hold(self):
        found, _ = self.figures(13, "--set", "model.registers.audio.qubits=13", "--set",
                                "model.registers.vision.qubits=13", "--set", "model.fusion.layers=2")
        self.assertEqual((found["qubits"], found["pauli"]), (39, True))

    def test_bytes_of_a_sharded_state(self):
        found, text = self.figures(14, "--ranks", "8", "--shards", "4", "--nodes", "2", "--set", "run.engine=state")
        part = 16 * 2**24 / 4
        self.assertEqual(found["rank_bytes"], 2 * part + part / 16)
        self.assertEqual(found["node_bytes"], 4 * found["rank_bytes"])
        self.assertEqual(found["moved_bytes"], 2 * part * (found["passes"] + 2 * found["back_passes"]))
        self.assertTrue(0 < found["sent_bytes"] <= 3 * part * found["exchanges"])
        self.assertIn("2 client groups of 4 shards", text)

    def test_engines_apart(self):
        """12 qubits in three registers: the whole state takes far longer, in the batch engine and in the state engine."""
        found, text = self.figures(4, "--set", "model.registers.audio.qubits=4")
        seconds = found["engine_s"]
        self.assertLess(4 * seconds["pauli"], min(seconds["batch"], seconds["state"]))
        self.assertIn("measured here: pauli", text)
        found, _ = self.figures(2, "--set", "model.fusion.gate=qft")
        self.assertIsNone(found["engine_s"]["pauli"])
        self.assertGreater(found["engine_s"]["batch"], 0)

    def test_registers_assigned_to_ranks(self):
        """Three registers of 8 qubits over 2 ranks: one has two, and sends 3 strings of each of their qubits."""
        found, text = self.figures(8, "--ranks", "2", "--shards", "2", "--set", "model.registers.audio.qubits=8",
                                   "--set", "model.registers.vision.qubits=8")
        self.assertEqual((found["pauli"], found["sent_bytes"]), (True, 3 * 16 * 8))
        self.assertIn("registers dealt to the ranks", text)

    def test_single_precision_takes_half(self):
        state = ["--set", "run.engine=state"]
        double, _ = self.figures(10, *state)
        single, _ = self.figures(10, *state, "--set", "run.precision=single")
        self.assertEqual(double["rank_bytes"], 2 * single["rank_bytes"])

    def test_a_round_is_the_rows_over_the_groups(self):
        found, _ = self.figures(7, "--ranks", "4", "--shards", "2")
        rows = 0.7 * 200
        self.assertAlmostEqual(found["round_s"], found["sample_s"] * rows / 2, delta=0.02 * found["round_s"])
        self.assertAlmostEqual(found["total_s"], 100 * found["round_s"], delta=1e-6 * found["total_s"])

    def test_what_does_not_fit(self):
        self.refused(30, ["40 qubits", "2 shards", "more nodes", "16.5 TiB per rank"], "--ranks", "2", "--shards", "2",
                     "--set", "run.engine=state")
        self.refused(14, ["24 qubits", "are available"], "--memory", "0.1", "--set", "run.engine=state")

    def test_layouts_that_do_not_exist(self):
        self.refused(2, ["--shards", "found 3", "power of two"], "--ranks", "3", "--shards", "3")
        self.refused(2, ["--shards", "found 4", "6"], "--ranks", "6", "--shards", "4")
        self.refused(2, ["--nodes", "found 3", "2"], "--ranks", "2", "--nodes", "3")
        self.refused(2, ["4096 shards of a state of 12 qubits"], "--ranks", "4096", "--shards", "4096",
                     "--set", "run.engine=state")
        self.refused(2, ["bach"], "--set", "client.bach=3")


if __name__ == "__main__":
    unittest.main()
