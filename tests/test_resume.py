#!/usr/bin/python3
"""Trainings that are killed, stopped and continued, as by a user and by a queue: always the same weights.

    python3 tests/test_resume.py --entente build/entente --mpiexec "mpiexec -n" [--times 50] [--seed N] [TEST...]

--times: how often a random rank is killed at a random instant."""
import argparse
import contextlib
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import h5py
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; env/debian.sh --tests installs it")
    sys.exit(77)

import notes
import older

TIMES = {"compute_s", "communicate_s", "wait_s", "evaluate_s", "compute_mean_s"}
STOPPED = 75
options = None
folder = None
wanted = None  # the weights of a run that was never stopped
seconds = 0.0  # that a run takes

CONFIG = """\
data:       {file: DATA, modalities: [text, audio, vision], label: class, clip: 0}
model:      {registers: {text: {qubits: 3}, audio: {qubits: 3}, vision: {qubits: 3}}}
missing:    {rate: 0.2}
federation: {clients: 12, rounds: 30, participation: 0.7, alpha: 0.3, split: dirichlet_client}
client:     {epochs: 3, map_learning_rate: -1, head_learning_rate: -1, schedule: constant, logit_adjustment: false} # as the first program did
run:        {checkpoint_every: 3}
"""


def setUpModule():
    global folder, wanted, seconds
    folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-resume-"))
    subprocess.run([options.entente, "synth", "--out", folder / "data.h5", "--rows", "3000"], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)
    (folder / "config.yaml").write_text(CONFIG.replace("DATA", str(folder / "data.h5")))
    begin = time.monotonic()
    code, _, err = Run(folder / "never-stopped", ranks=2).end()
    seconds = time.monotonic() - begin
    assert code == 0, err
    wanted = result(folder / "never-stopped")


def tearDownModule():
    shutil.rmtree(folder)


def result(out):
    """Weights, and every figure that is not a time."""
    with h5py.File(out / "result.h5") as file:
        found = {"weights_sha256": hashlib.sha256(file["weights/value"][()].tobytes()).hexdigest()}
        for group in ("round", "metrics", "client", "pattern"):
            for name, column in file[group].items():
                if name not in TIMES:
                    found[f"{group}/{name}"] = column[()]
        found["output"] = file["test/output"][()]
    return found


class Run:
    """`entente train` under mpiexec, in the background."""

    def __init__(self, out, *words, ranks=2, environment=None, config=None):
        self.command = [*options.mpiexec.split(), str(ranks), options.entente, "train",
                        str(config or folder / "config.yaml"), "--out", str(out), *map(str, words)]
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL, start_new_session=True, cwd=folder,
                                        env={**os.environ, **(environment or {})})

    def ranks(self):
        """Processes below mpiexec that run the command."""
        below, found = {self.process.pid}, []
        parents = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        for _ in range(4):
            below |= {pid for pid, parent in parents.items() if parent in below}
        for pid in below - {self.process.pid}:
            with contextlib.suppress(OSError):
                if os.path.samefile(f"/proc/{pid}/exe", options.entente):
                    found.append(pid)
        return sorted(found)

    def send(self, number, to):
        for pid in to:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def wait_for(self, path, limit=60):
        end = time.monotonic() + limit
        while not path.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        return path.exists()

    def end(self, limit=120):
        try:
            out, err = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            out, err = self.process.communicate()
            raise AssertionError(f"hangs: {' '.join(self.command)}\n{out}\n{err}") from None
        return self.process.returncode, out, err


def fresh(name="out"):
    return pathlib.Path(tempfile.mkdtemp(dir=folder)) / name


@contextlib.contextmanager
def mounted(*words):
    """A mount that goes away again; without the right to mount the test is skipped."""
    target = words[-1]
    made = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise unittest.SkipTest(f"mount wants root: {made.stderr.strip()}")
    try:
        yield
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(target)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)


class Case(unittest.TestCase):
    def check_result(self, out):
        found = result(out)
        self.assertEqual(found["weights_sha256"], wanted["weights_sha256"])
        self.assertEqual(found.keys(), wanted.keys())
        for name, value in wanted.items():
            if name != "weights_sha256":
                numpy.testing.assert_array_equal(found[name], value, err_msg=name)
        self.assertEqual(sorted(path.name for path in out.iterdir()), ["log.txt", "result.h5"])

    def finish(self, out, ranks=2, **how):
        code, _, err = Run(out, "--resume", ranks=ranks, **how).end()
        self.assertEqual(code, 0, err)
        self.check_result(out)

    def check_stopped(self, run, out):
        code, _, err = run.end(30)
        self.assertEqual(code, STOPPED, err)
        self.assertIn("run again with --resume", err)
        self.assertIn("stopped: checkpoint written", (out / "log.txt").read_text())
        self.assertEqual(notes.without_notes(out / "checkpoint.h5"), [])


class Killed(Case):
    def test_a_random_rank_at_a_random_instant(self):
        """Repeat until enough kills have hit a training, in case the speed of the machine varies."""
        chance = random.Random(options.seed)
        times = inside = 0
        while times < options.times or inside <= options.times // 4 and times < 4 * options.times:
            with self.subTest(time=times):
                times += 1
                out = fresh()
                for turn in range(4):
                    run = Run(out, "--resume", ranks=chance.randint(1, 3))
                    time.sleep(chance.uniform(0.1, 0.9 * seconds))
                    ranks = run.ranks()
                    if run.process.poll() is None and ranks:
                        run.send(signal.SIGKILL, [chance.choice(ranks)])
                    code, _, err = run.end()
                    inside += code != 0 and (out / "checkpoint.h5").exists()
                    if code == 0 or chance.random() < 0.5:
                        break
                self.finish(out, ranks=chance.randint(1, 3))
        print(f"{times} runs killed, {inside} kills left a checkpoint, seed {options.seed}", flush=True)
        self.assertGreater(inside, options.times // 4)


class Stopped(Case):
    def stop(self, number, whom, environment=None):
        """Signal `whom(run)` once the first checkpoint exists, then check the outcome."""
        out = fresh()
        run = Run(out, ranks=3, environment=environment)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        run.send(number, whom(run))
        self.check_stopped(run, out)
        self.finish(out, ranks=1 + number % 2)

    def test_one_rank_is_notified(self):
        for k, number in enumerate((signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)):
            with self.subTest(number=number):
                self.stop(number, lambda run, k=k: [run.ranks()[k]])

    def test_all_ranks_are_notified(self):
        for number in (signal.SIGUSR1, signal.SIGTERM):
            with self.subTest(number=number):
                self.stop(number, lambda run: run.ranks())

    def test_the_launcher_passes_it_on(self):
        self.stop(signal.SIGUSR1, lambda run: [run.process.pid])

    def test_the_launcher_ends_the_ranks(self):
        """Open MPI passes SIGTERM on after a second, and sends SIGKILL after another one, or after a given time."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                out, whole = fresh(), fresh()
                run = Run(out, "--set", "federation.rounds=100000", environment={
                    "OMPI_MCA_odls_base_sigkill_timeout": "3"})
                self.assertTrue(run.wait_for(out / "checkpoint.h5"))
                run.send(number, [run.process.pid])
                code, _, err = run.end(60)
                self.assertNotEqual(code, 0)
                stopped = re.search("stopped: checkpoint written (?:at|after) round ([0-9]+)", (out / "log.txt").read_text())
                self.assertTrue(stopped, err)
                rounds = ("--set", f"federation.rounds={int(stopped[1]) + 3}")
                for where, begin, ranks in ((out, ["--resume"], 3), (whole, [], 1)):
                    code, _, err = Run(where, *begin, *rounds, ranks=ranks).end()
                    self.assertEqual(code, 0, err)
                self.assertEqual(result(out)["weights_sha256"], result(whole)["weights_sha256"])

    def test_signals_while_it_writes(self):
        out = fresh()
        run = Run(out, ranks=3)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        ranks = run.ranks()
        for k in range(400):
            run.send((signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)[k % 3], ranks)
            time.sleep(0.001)
        self.check_stopped(run, out)
        self.finish(out)

    def test_before_the_first_round(self):
        out = fresh()
        run = Run(out, ranks=2)
        self.assertTrue(run.wait_for(out / "log.txt"))
        run.send(signal.SIGUSR1, run.ranks())
        self.check_stopped(run, out)
        self.finish(out)


class Disk(Case):
    def test_a_full_one(self):
        """A failed periodic checkpoint is a warning, one for a stop is a failure; the previous checkpoint survives both."""
        for number in (None, signal.SIGUSR1):
            with self.subTest(number=number):
                top = fresh("disk")
                top.mkdir()
                out = top / "out"
                with mounted("-t", "tmpfs", "-o", "size=400k", "none", top):
                    run = Run(out, ranks=2)
                    self.assertTrue(run.wait_for(out / "checkpoint.h5"))
                    self.fill(top)
                    if number:
                        run.send(number, run.ranks())
                    code, _, err = run.end()
                    self.assertEqual(code, 1, err)
                    self.assertIn("No space left on device", err)
                    if number is None:
                        self.assertRegex(err, "warning: no checkpoint after round [0-9]+: .*No space left on device")
                        self.assertRegex(err, r"(?m)^entente: .*result\.h5.*No space left on device")
                    else:
                        self.assertIn("without a checkpoint", err)
                    (top / "filler").unlink()
                    self.finish(out)

    @staticmethod
    def fill(top):
        """Fill the disk except for the rest of the last page of the log, and some pages for it to grow."""
        with contextlib.suppress(OSError), open(top / "filler", "wb", buffering=0) as filler:
            while filler.write(bytes(4096)) == 4096:
                pass
        size = (top / "filler").stat().st_size
        os.truncate(top / "filler", size - size % 4096 - 4096)

    @staticmethod
    def make_read_only(out):
        """Refused while a file in it is being written: try again then."""
        for _ in range(200):
            if subprocess.run(["mount", "-o", "remount,bind,ro", str(out)], capture_output=True).returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError(f"{out}: cannot be made read-only")

    @staticmethod
    @contextlib.contextmanager
    def disk(pages):
        """A disk with this many free pages; the file `filler` fills the rest."""
        top = fresh("disk")
        top.mkdir()
        with mounted("-t", "tmpfs", "-o", "size=768k", "none", top):
            with contextlib.suppress(OSError), open(top / "filler", "wb", buffering=0) as filler:
                while filler.write(bytes(4096)) == 4096:
                    pass
            os.truncate(top / "filler", (top / "filler").stat().st_size - 4096 * pages)
            yield top

    SHORT = ("--set", "federation.rounds=3", "--set", "run.checkpoint_every=1")

    def test_a_given_number_of_free_blocks(self):
        """From none to enough: 0 and a result, or 1 and a reason, and nothing of a result; never an end by a signal."""
        for pages, ranks in ((0, 2), (1, 2), (2, 1), (3, 2), (6, 2), (9, 3), (14, 2), (120, 2)):
            with self.subTest(pages=pages), self.disk(pages) as top:
                code, _, err = Run(top / "out", "--on-full-disk", "fail", *self.SHORT, ranks=ranks).end()
                self.assertEqual(code, 0 if (top / "out/result.h5").exists() else 1, err)
                self.assertNotIn("Signal", err)
                self.assertEqual(code, int(pages < 20), err)
                if code:
                    self.assertRegex(err, r"(?m)^entente: .*(result\.h5|claim): cannot be written: No space left on device")
                self.assertEqual(list(top.glob("out/*.part-*")), [])

    def test_imports_by_free_blocks(self):
        (folder / "x.csv").write_text("".join(f"{k},{k % 7}\n" for k in range(2000)))
        (folder / "y.csv").write_text("".join(f"{k % 2}\n" for k in range(2000)))
        for pages in (0, 1, 2, 4, 8, 60):
            with self.subTest(pages=pages), self.disk(pages) as top:
                ran = subprocess.run([options.entente, "import", "table", "--modality", f"a={folder / 'x.csv'}",
                                      "--label", folder / "y.csv", "--out", top / "data.h5", "--quiet"], capture_output=True,
                                     text=True, check=False, timeout=60)
                self.assertEqual(ran.returncode, int(pages < 20), ran.stderr)
                self.assertIn("" if pages > 20 else "data.h5: cannot be written: No space left", ran.stderr)
                self.assertEqual([path.name for path in top.iterdir() if path.name != "filler"],
                                 ["data.h5"] if pages > 20 else [])

    def test_weights_wait_for_room(self):
        """Without a checkpoint to resume from, the trained weights exist only in memory: the run does not discard them."""
        with self.disk(1) as top:
            run = Run(top / "out", *self.SHORT)
            self.wait_for_words(run, "waiting for room with the trained weights")
            (top / "filler").unlink()
            code, _, err = run.end(30)
            self.assertEqual(code, 0, err)
            self.assertTrue((top / "out/result.h5").exists())
        with self.disk(1) as top:
            run = Run(top / "out", *self.SHORT)
            self.wait_for_words(run, "waiting for room")
            run.send(signal.SIGTERM, run.ranks()[:1])
            code, _, err = run.end(30)
            self.assertEqual(code, 1, err)
            self.assertIn("result.h5: cannot be written", err)

    def wait_for_words(self, run, words):
        """Lines of its standard error up to these words."""
        for line in run.process.stderr:
            if words in line:
                return
        self.fail(f"it has ended without '{words}'")

    def test_a_second_place(self):
        whole, second = fresh(), fresh("second")
        self.assertEqual(Run(whole, *self.SHORT).end()[0], 0)
        for pages in (1, 12):
            with self.subTest(pages=pages), self.disk(pages) as top:
                out = top / f"out{pages}"
                code, _, err = Run(out, *self.SHORT, "--set", f"run.fallback_dir={second}").end()
                self.assertEqual(code, 0, err)
                self.assertIn(f"result: {second / out.name / 'result.h5'} (run.fallback_dir)", err)
                self.assertIn(f"{out / 'log.txt'}: cannot be written" if pages == 1 else "result.h5: cannot", err)
                self.assertFalse((out / "result.h5").exists())
                self.assertEqual(result(second / out.name)["weights_sha256"], result(whole)["weights_sha256"])

    def test_a_result_in_the_second_place(self):
        """It counts as the result of the run: finished already, or refused if the configuration or the rounds differ."""
        out, second = fresh(), fresh("second")
        self.assertEqual(Run(second / out.name, *self.SHORT).end()[0], 0)
        place = ["--set", f"run.fallback_dir={second}"]
        code, _, err = Run(out, *self.SHORT, *place).end()
        self.assertEqual(code, 1, err)
        self.assertIn(f"{second / out.name}: a result exists already (run.fallback_dir)", err)
        code, shown, err = Run(out, *self.SHORT, *place, "--resume").end()
        self.assertEqual((code, shown.strip()), (0, f"{second / out.name}/result.h5: finished already"), err)
        for change, want in [("federation.rounds=9", "move it to the folder of this run"), ("client.batch=7", "client.batch")]:
            code, _, err = Run(out, *self.SHORT, *place, "--resume", "--set", change).end()
            self.assertEqual(code, 1, err)
            self.assertIn(want, err)

    def test_a_folder_that_becomes_read_only(self):
        out = fresh()
        run = Run(out, ranks=2)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        with mounted("--bind", out, out):
            self.make_read_only(out)
            code, _, err = run.end()
            self.assertEqual(code, 1, err)
            self.assertRegex(err, "warning: no checkpoint after round [0-9]+: .*Read-only file system")
            self.assertTrue((out / "checkpoint.h5").exists())
            code, _, err = Run(out, "--resume").end()
            self.assertEqual(code, 1, err)
            self.assertIn("Read-only file system", err)
        self.finish(out)


class Data(Case):
    """A data file that changes while it is read; the rows for the fine-tuned models are read after the last round."""

    def test_it_is_cut_or_rewritten(self):
        for change, found in [("cut", "found 40000 bytes"), ("rewrite", "modified"), ("replace", None)]:
            out = fresh()
            data = out.parent / "data.h5"
            shutil.copy(folder / "data.h5", data)
            given = ["--set", f"data.file={data}", "--set", "personal.epochs=1"]
            run = Run(out, *given)
            self.assertTrue(run.wait_for(out / "checkpoint.h5"))
            ranks = run.ranks()
            run.send(signal.SIGSTOP, ranks)
            if change == "cut":
                os.truncate(data, 40000)
            elif change == "rewrite":
                with open(data, "r+b") as file:
                    file.write(bytes(data.stat().st_size))
            else:
                (out.parent / "other.h5").write_bytes(b"something else")
                (out.parent / "other.h5").rename(data)
            run.send(signal.SIGCONT, ranks)
            code, _, err = run.end()
            if found:
                self.assertEqual(code, 1, err)
                self.assertIn("data.h5: the file has changed since it was opened", err)
                self.assertIn(found, err)
                self.assertFalse((out / "result.h5").exists())
                shutil.copy(folder / "data.h5", data)
                code, _, err = Run(out, "--resume", *given).end()
            self.assertEqual(code, 0, err)  # the opened file is complete, even if its name now belongs to another
            self.assertEqual(result(out)["weights_sha256"], wanted["weights_sha256"])


class Stalls(Case):
    """Ranks that others wait for in vain.  ENTENTE_STALL_S replaces the 60 s after which this is reported."""
    LONG = ("--quiet", "--set", "federation.rounds=1000000", "--set", "run.checkpoint_every=1000000")

    @contextlib.contextmanager
    def stopped(self, *words, ranks=3, whom=1):
        """A training whose rank `whom` is stopped for a while, then continued."""
        out = fresh()
        run = Run(out, *self.LONG, *words, ranks=ranks, environment={"ENTENTE_STALL_S": "2"})
        for _ in range(3000):
            if (out / "log.txt").exists() and "round 2/" in (out / "log.txt").read_text():
                break
            time.sleep(0.01)
        pids = run.ranks()
        run.send(signal.SIGSTOP, [pids[whom]])
        try:
            yield run, pids, out
        finally:
            run.send(signal.SIGCONT, [pids[whom]])
            with contextlib.suppress(AssertionError):
                run.send(signal.SIGKILL, pids)
                run.end(20)

    def lines(self, run, wanted):
        """Standard error up to a line with `wanted`, with which each of these waits ends."""
        found = []
        for line in run.process.stderr:
            found.append(line)
            if wanted in line:
                return "".join(found)
        self.fail(f"no '{wanted}' in {''.join(found)}")

    def test_awaited_ranks_are_named(self):
        for whom in (0, 2):
            with self.subTest(whom=whom), self.stopped(whom=whom) as (run, pids, out):
                # on a loaded machine ranks that compute may be awaited before
                line = self.lines(run, "it does not run: stopped?").splitlines()[-1]
                self.assertRegex(line, r"^entente: rank [012] has waited [1-9][0-9]* s in [a-z ]+; awaited: .*rank [012] "
                                 rf"\(process {pids[whom]}, it does not run: stopped\?\), last seen in .*, \d+ s ago")
                run.send(signal.SIGCONT, [pids[whom]])
                run.send(signal.SIGUSR1, [pids[1]])
                self.check_stopped(run, out)

    def test_the_job_ends_after_the_limit(self):
        with self.stopped("--set", "run.stall_timeout_s=3") as (run, pids, _):
            self.lines(run, "run.stall_timeout_s has passed, the job ends")
            code, _, err = run.end(30)
            self.assertEqual(code, 1, err)

    def test_signals_act_while_it_waits(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number), self.stopped() as (run, pids, _):
                run.send(number, [pids[0]])
                self.lines(run, "asked to stop, the job ends without a checkpoint")
                code, _, err = run.end(30)
                self.assertEqual(code, 128 + signal.SIGTERM, err)

    def test_little_address_space(self):
        """OpenBLAS would search for its buffer forever: an end with a reason, or a result."""
        for kilobytes in (300000, 350000, 400000, 450000, 1000000):
            with self.subTest(kilobytes=kilobytes):
                out = fresh()
                ran = subprocess.run(["bash", "-c", f"ulimit -v {kilobytes}; exec \"$@\"", "-", options.entente, "train",
                                      folder / "config.yaml", "--out", out, "--quiet", "--set", "federation.rounds=1"],
                                     capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(ran.returncode, int(not (out / "result.h5").exists()), ran.stderr)
                self.assertTrue(ran.returncode == 0 or "OpenBLAS's buffer needs" in ran.stderr or "memory" in ran.stderr,
                                ran.stderr)

    def test_a_rank_that_computes_for_ever_before_the_training_ends_when_asked(self):
        out = fresh()
        run = Run(out, "--quiet", ranks=2, environment={"ENTENTE_STALL_S": "1"})
        for _ in range(3000):
            pids = run.ranks()
            if len(pids) == 2 and all("libhdf5" in pathlib.Path(f"/proc/{pid}/maps").read_text() for pid in pids):
                break
            time.sleep(0.002)
        run.send(signal.SIGSTOP, pids[1:])
        run.send(signal.SIGTERM, pids[:1])
        time.sleep(5)
        run.send(signal.SIGCONT, pids[1:])
        code, _, err = run.end(30)
        self.assertIn(code, (STOPPED, 128 + signal.SIGTERM), err)


class Begins(Case):
    def stopped(self):
        out = fresh()
        run = Run(out)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        run.send(signal.SIGUSR1, run.ranks())
        self.check_stopped(run, out)
        return out

    def refused(self, out, *words, part):
        code, _, err = Run(out, *words).end()
        self.assertEqual(code, 1, err)
        self.assertIn(part, err)
        self.assertNotIn("rank ", err)

    def test_afresh_and_finished(self):
        out = fresh()
        code, _, err = Run(out, "--resume").end()
        self.assertEqual(code, 0, err)
        self.assertIn("checkpoint.h5: not found, starting from the beginning", err)
        self.check_result(out)
        before = (out / "result.h5").read_bytes()
        code, found, err = Run(out, "--resume").end()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("finished already", found)
        self.assertEqual((out / "result.h5").read_bytes(), before)
        self.refused(out, part="a result exists already")

    def test_with_something_else(self):
        out = self.stopped()
        before = (out / "checkpoint.h5").read_bytes()
        self.refused(out, part="a checkpoint exists")
        for change, part in (("client.batch=32", "client.batch: found 32, and the checkpoint was made with 16"),
                             ("missing.rate=0.3", "missing.rate.text: found 0.3, "),
                             ("data.modalities=[text, audio]",
                              "data.modalities: found [text, audio], and the checkpoint was made with [text, audio, vision]"),
                             ("run.precision=single", "run.precision: found single"),
                             ("federation.rounds=1", "federation.rounds: found 1, and the checkpoint is in round")):
            self.refused(out, "--resume", "--set", change, part=part)
        shutil.copy(folder / "data.h5", folder / "other.h5")
        with h5py.File(folder / "other.h5", "r+") as file:
            file["label/class"][17] = 1 - file["label/class"][17]
        self.refused(out, "--resume", "--set", f"data.file={folder / 'other.h5'}", part="differ from those of the")
        for change in self.changed_features():
            self.refused(out, "--resume", "--set", f"data.file={change}", part="the features differ from those of the checkpoint")
        self.assertEqual((out / "checkpoint.h5").read_bytes(), before)
        self.finish(out)

    @staticmethod
    def changed_features():
        """One number, at the end or in an absent row; one modality after another: each its own file."""
        for k, (name, row, column) in enumerate((("text", 0, 0), ("audio", -1, -1), ("vision", 1234, 3))):
            path = folder / f"features{k}.h5"
            shutil.copy(folder / "data.h5", path)
            with h5py.File(path, "r+") as file:
                file[f"modality/{name}/features"][row, column] += 1.0
            yield path

    def finished(self, *words, rounds=3, ranks=1):
        out = fresh()
        code, _, err = Run(out, "--set", f"federation.rounds={rounds}", *words, ranks=ranks).end()
        self.assertEqual(code, 0, err)
        return out

    def test_a_result_of_something_else(self):
        """A run is finished if it has what the configuration requests now, with the data as they are now."""
        out = self.finished()
        before = (out / "result.h5").read_bytes()
        rounds = ("--resume", "--set", "federation.rounds=3")
        for sets, parts in ((["client.learning_rate=0.3"], ["client.learning_rate: found 0.3, and the result was made with 0.05"]),
                            (["seeds.init=9", "missing.rate=0.3"],
                             ["seeds.init: found 9, and the result was made with 3", "; ", "missing.rate.text: found 0.3"]),
                            (["federation.rounds=2"], ["federation.rounds: found 2, and the result has 3"])):
            words = [word for one in sets for word in ("--set", one)]
            for part in parts:
                self.refused(out, *rounds, *words, part=part)
        for change in self.changed_features():
            self.refused(out, *rounds, "--set", f"data.file={change}", part="the features differ from those of the result")
        with h5py.File(folder / "features0.h5", "r+") as file:
            file["split"][5] = (file["split"][5] + 1) % 3
        self.refused(out, *rounds, "--set", f"data.file={folder / 'features0.h5'}", part="labels, split")
        for path in (folder / "moved.h5", folder / "nowhere.h5"):
            shutil.copy(folder / "data.h5", folder / "moved.h5")
            code, found, err = Run(out, *rounds, "--set", f"data.file={path}").end()
            self.assertEqual((code, err), (0, ""))
            self.assertIn("finished already", found)
        self.assertEqual((out / "result.h5").read_bytes(), before)

    def test_a_changed_ansatz(self):
        ansatz = folder / "ansatz.qasm"
        text = ("OPENQASM 3.0;\ninput array[float[64], 2] x;\ninput array[float[64], 2] theta;\nqubit[2] q;\n"
                "ry(x[0]) q[0];\nry(x[1]) q[1];\nrx(theta[0]) q[0];\nrzz(theta[1]) q[0], q[1];\n")
        ansatz.write_text(text)
        register = ("--set", "model.registers.text.qubits=2", "--set", f"model.registers.text.ansatz={ansatz}")
        out = self.finished(*register)
        ansatz.write_text(text.replace("rx(", "ry("))
        for rounds in (3, 4):
            self.refused(out, "--resume", "--set", f"federation.rounds={rounds}", *register, part="or an ansatz differ")

    def test_more_rounds_than_the_result(self):
        """The bits and all figures of a run of that many rounds, with every rule that keeps state between rounds."""
        sizes = {}
        for words in ([], ["federation.aggregation=fedadam", "federation.evaluate_every=2"],
                      ["federation.aggregation=scaffold", "client.optimizer=sgd"], ["federation.aggregation=local"],
                      ["run.select=validation_loss", "client.learning_rate=0.4"],  # keeps the first round's weights
                      ["run.select=validation_loss", "federation.evaluate_every=2", "client.learning_rate=0.4"],
                      ["system.mode=fedbuff", "system.buffer=3"]):
            with self.subTest(words=words):
                sets = [word for one in words for word in ("--set", one)]
                out, whole = self.finished(*sets, ranks=2), self.finished(*sets, rounds=5)
                sizes[words[0] if words else "fedavg"] = (out / "result.h5").stat().st_size
                code, _, err = Run(out, "--resume", *sets, "--set", "federation.rounds=5", ranks=3).end()
                self.assertEqual(code, 0, err)
                self.assertIn("result.h5: continuing from it with more rounds", err)
                found, wanted = result(out), result(whole)
                for name, value in wanted.items():
                    numpy.testing.assert_array_equal(found[name], value, err_msg=f"{words} {name}")
                self.assertEqual(sorted(path.name for path in out.iterdir()), ["log.txt", "result.h5"])
        print(f"bytes of a result by rule: {sizes}", flush=True)

    def test_more_rounds_that_are_stopped(self):
        """Then the checkpoint has more than the result; the result stays until it is replaced."""
        out, whole = self.finished(), self.finished(rounds=40)
        words = ("--resume", "--set", "federation.rounds=40")
        run = Run(out, *words)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        run.send(signal.SIGKILL, run.ranks())
        run.end()
        self.assertEqual(sorted(path.name for path in out.iterdir() if ".part-" not in path.name),
                         ["checkpoint.h5", "claim", "log.txt", "result.h5", "rounds.csv"])
        code, found, err = Run(out, "--resume", "--set", "federation.rounds=3").end()
        self.assertEqual(code, 0, err)
        self.assertIn("finished already", found)
        self.assertTrue((out / "checkpoint.h5").exists())
        code, _, err = Run(out, *words).end()
        self.assertEqual(code, 0, err)
        self.assertIn("checkpoint.h5: resuming from it", err)
        self.assertEqual(result(out)["weights_sha256"], result(whole)["weights_sha256"])

    def test_an_older_result(self):
        out = self.finished()
        older.make_first(out / "result.h5")
        with h5py.File(out / "result.h5", "r+") as file:
            for name in ("data", "features", "resume", "check"):
                del file[name]
        code, found, err = Run(out, "--resume", "--set", "federation.rounds=3").end()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("finished already", found)
        self.refused(out, "--resume", "--set", "federation.rounds=4", part="result.h5: it has no state to continue from")

    def test_other_instructions(self):
        """Refused, with the remedy, from a checkpoint and from a result; accepted for the same set or with consent."""
        out, done = fresh(), self.finished()
        base = {"ENTENTE_ISA": "baseline"}
        run = Run(out)
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        run.send(signal.SIGUSR1, run.ranks())
        self.check_stopped(run, out)
        with h5py.File(done / "result.h5") as file:
            made = [file[name][()].decode() for name in ("isa", "blas")]
        if made[0] == "baseline" or made[1] == "unknown":
            raise unittest.SkipTest("one instruction set, or another BLAS")
        blas = {"OPENBLAS_CORETYPE": "Nehalem" if made[1] == "Prescott" else "Prescott"}
        for where, words in ((out, []), (done, ["--set", "federation.rounds=4"])):
            for environment in (base, blas):
                code, _, err = Run(where, "--resume", *words, environment=environment, ranks=1).end()
                self.assertEqual(code, 1, err)
                for part in (f"made with instruction set {made[0]} and OpenBLAS kernel {made[1]}", "--allow-isa-change",
                             f"Set ENTENTE_ISA={made[0]}"):
                    self.assertIn(part, err)
        code, _, err = Run(done, "--resume", "--allow-isa-change", "--set", "federation.rounds=4", environment=base).end()
        self.assertEqual(code, 0, err)
        with h5py.File(done / "result.h5") as file:
            self.assertEqual(file["isa"][()].decode(), "baseline")
        self.finish(out, environment={"ENTENTE_ISA": made[0]})

    def test_a_damaged_text(self):
        """The tables have a check of every row; the texts are sealed."""
        out = self.stopped()
        whole = (out / "checkpoint.h5").read_bytes()
        for name, text in (("config", None), ("data", "0" * 64), ("features", "0" * 64)):
            with h5py.File(out / "checkpoint.h5", "r+") as file:
                text = text or file["config"][()].decode().replace("epochs: 3", "epochs: 4")
                file[name][()] = text
            self.refused(out, "--resume", part=f"checkpoint.h5: /{name} is not what was written (SHA-256 differs)")
            (out / "checkpoint.h5").write_bytes(whole)
        for name in ("weights", "figures", "numbers"):
            with h5py.File(out / "checkpoint.h5", "r+") as file:
                file[name][0, 0] += 1
            self.refused(out, "--resume", part=f"/{name}, row 0: damaged")
            (out / "checkpoint.h5").write_bytes(whole)
        self.finish(out)

    def test_what_may_differ(self):
        out = self.stopped()
        shutil.copy(folder / "data.h5", folder / "moved.h5")
        config = folder / "moved.yaml"
        config.write_text((folder / "config.yaml").read_text().replace("data.h5", "moved.h5")
                          .replace("checkpoint_every: 3", "checkpoint_every: 0, threads: 2")
                          .replace("epochs: 3", "epochs: 3, learning_rate: 5.0e-2"))
        self.finish(out, config=config)

    def test_of_an_older_program(self):
        """Stopped inside a round, on another number of ranks; and a format that never existed."""
        out = self.stopped()
        older.make_first(out / "checkpoint.h5")
        with h5py.File(out / "checkpoint.h5") as file:
            self.assertIn("inside/count", file)
            figures = file["figures"].shape[1]
        self.finish(out)
        with h5py.File(out / "result.h5") as file:
            self.assertEqual(set(file["round/excluded"]), {0})
            self.assertEqual(file["resume/figures"].shape[1], figures + 6)  # those that came later
        for number in (0, 3):
            out = self.stopped()
            with h5py.File(out / "checkpoint.h5", "r+") as file:
                file["numbers"][0, 0] = number
                older.narrow(file, "numbers", [])
            older.unseal(out / "checkpoint.h5")
            self.refused(out, "--resume", part=f"checkpoint.h5: format {number}, want 1 to 2")

    def test_lacking_tables(self):
        out = self.stopped()
        for name, part in (("figures", "no dataset /figures"), ("history", "no dataset /history/round")):
            with h5py.File(out / "checkpoint.h5", "r+") as file:
                del file[name]
            self.refused(out, "--resume", part=f"entente: {out}/checkpoint.h5: {part}")

    def test_of_a_newer_program(self):
        out = self.stopped()
        older.rewrite_config(out / "checkpoint.h5", lambda text: text + "bells: {whistles: 3}\n")
        self.refused(out, "--resume", part="checkpoint.h5: /config:")
        self.refused(out, "--resume", part="unknown key 'bells'")

    def test_more_rounds(self):
        out, whole = self.stopped(), fresh()
        words = ("--set", "federation.rounds=33")
        for where, begin in ((out, ["--resume"]), (whole, [])):
            code, _, err = Run(where, *begin, *words).end()
            self.assertEqual(code, 0, err)
        self.assertEqual(result(out)["weights_sha256"], result(whole)["weights_sha256"])

    def test_a_damaged_checkpoint(self):
        out = self.stopped()
        whole = (out / "checkpoint.h5").read_bytes()
        (out / "checkpoint.h5").write_bytes(whole[:len(whole) // 2])
        self.refused(out, "--resume", part="checkpoint.h5: truncated or damaged")
        self.assertEqual((out / "checkpoint.h5").read_bytes(), whole[:len(whole) // 2])
        (out / "checkpoint.h5").write_bytes(whole)
        (out / "checkpoint.h5.part-1").write_bytes(whole[:100])  # left by a writer that was killed
        self.finish(out)


class Claims(Case):
    """One run at a time in a folder."""
    long = ("--set", "federation.rounds=100000")

    def begin(self, *words):
        out = fresh()
        run = Run(out, *words, ranks=1)
        self.addCleanup(lambda: run.send(signal.SIGKILL, run.ranks()))
        self.assertTrue(run.wait_for(out / "checkpoint.h5"))
        return out, run

    def refused(self, out, *words, parts):
        begin = time.monotonic()
        code, found, err = Run(out, *words, ranks=2).end()
        self.assertEqual(code, 1, found + err)
        for part in parts:
            self.assertRegex(err, part)
        return time.monotonic() - begin

    def test_a_second_run(self):
        """With and without --resume, it names the first run and does not touch its files."""
        out, run = self.begin(*self.long)
        (out / "checkpoint.h5.part-elsewhere-1").write_bytes(b"a writer's")
        begin = (out / "log.txt").read_text()[:200]
        os.utime(out / "claim", (1, 1))
        for words in ([], ["--resume"]):
            self.refused(out, *self.long, *words,
                         parts=[f"process {run.ranks()[0]} on {re.escape(os.uname().nodename)} has been writing to it "
                                "since 20[0-9-]+T[0-9:]+Z: wait for its end, or name another folder with --out"])
        self.assertTrue((out / "log.txt").read_text().startswith(begin))
        self.assertTrue((out / "checkpoint.h5.part-elsewhere-1").exists())
        end = time.monotonic() + 10
        while (out / "claim").stat().st_mtime < 2 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater((out / "claim").stat().st_mtime, 2)  # it gives a sign of life
        run.send(signal.SIGUSR1, run.ranks())
        self.check_stopped(run, out)
        self.assertFalse((out / "claim").exists())

    def test_many_at_once(self):
        """Exactly one of them gets the folder; the others are refused, whatever they find there by then."""
        for before in (None, b"host nowhere\nprocess 1\n", f"host {os.uname().nodename}\nprocess 1\n".encode()):
            out = fresh()
            if before:
                out.mkdir()
                (out / "claim").write_bytes(before)
                os.utime(out / "claim", (1, 1))
            runs = [Run(out, ranks=1) for _ in range(5)]
            ends = [run.end() for run in runs]
            self.assertEqual(sorted(code for code, _, _ in ends), [0, 1, 1, 1, 1], ends)
            for code, _, err in ends:
                if code:
                    self.assertRegex(err, "has been writing to it|has just written to it|exists|started to write|several")
            self.check_result(out)

    def test_a_dead_one(self):
        out, run = self.begin(*self.long)
        run.send(signal.SIGKILL, run.ranks())
        run.end()
        self.assertTrue((out / "claim").exists())
        code, _, err = Run(out, "--resume", *self.long[:1], "federation.rounds=1").end()
        self.assertIn("federation.rounds: found 1", err)
        shutil.rmtree(out)
        out.mkdir()
        mine = f"host {os.uname().nodename}\nprocess {os.getpid()}\nsince then\nstart 1\nboot B\nspace S\n"
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
        (out / "claim").write_text(mine.replace("boot B", f"boot {boot}").replace("space S", f"space {space}"))
        self.finish(out)  # the number is that of a process which began at another time

    def test_on_another_machine(self):
        """The claim is alive as long as it is touched; and Slurm restarts a job only once it is dead."""
        out = fresh()
        out.mkdir()
        claim = "host far-away\nprocess 7\nsince 2026-11-29 07:00:00\nstart 5\nboot b\nspace s\njob 12\nrestart 0\n"
        (out / "claim").write_text(claim)
        os.utime(out / "claim", (time.time() - 200,) * 2)
        self.refused(out, parts=["process 7 on far-away has been writing to it since 2026-11-29 07:00:00",
                                 "last sign of life 20[0-9] s ago; it counts as dead after 300 s"])
        self.assertEqual((out / "claim").read_text(), claim)
        code, _, err = Run(out, environment={"SLURM_JOB_ID": "12", "SLURM_RESTART_COUNT": "1"}).end()
        self.assertEqual(code, 0, err)
        out = fresh()
        out.mkdir()
        (out / "claim").write_text(claim)
        os.utime(out / "claim", (time.time() - 301,) * 2)
        self.finish(out)

    def test_the_log_of_another_run(self):
        """A run that ends before it creates a log keeps the existing one."""
        out = fresh()
        out.mkdir()
        (out / "log.txt").write_text("an earlier run\n")
        os.chmod(out / "log.txt", 0o444)
        (out / "checkpoint.h5").write_bytes(b"")
        code, _, err = Run(out, "--resume", ranks=1).end()
        self.assertEqual(code, 1, err)
        self.assertEqual((out / "log.txt").read_text(), "an earlier run\n")


def main():
    global options
    parser = argparse.ArgumentParser()
    parser.add_argument("--entente", required=True)
    parser.add_argument("--mpiexec", required=True)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    options, rest = parser.parse_known_args()
    options.entente = str(pathlib.Path(options.entente).resolve())
    options.seed = random.randrange(10**6) if options.seed is None else options.seed
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()
