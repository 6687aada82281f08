"""Every command of README.md, pasted unchanged in a copy of the project next to the build, as this user and, if root runs the
test, as an ordinary one.  Commands that need a cluster or install something are not run, but the files that they name must
exist.
  test_readme.py SOURCE_DIR BUILD_DIR [--user nobody]"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

SOURCE, BUILD = map(os.path.abspath, sys.argv[1:3])
DATA = os.environ.get("ENTENTE_DATA")
NOT_HERE = ("sbatch ", "cmake ", "bash jobs/quickstart.sh", "bash tests/run.sh")  # the last two: what CI and this test's build do
COPIES = ("env", "jobs", "benchmarks/policies.svg")


def blocks(language):
    """The fenced blocks of a language, "" for those that name none."""
    found, inside = [], None
    with open(os.path.join(SOURCE, "README.md")) as file:
        for line in file:
            if line.startswith("```"):
                if inside is not None:
                    if inside == language:
                        found.append("".join(lines))
                    inside = None
                else:
                    inside, lines = line[3:].strip(), []
            elif inside is not None:
                lines.append(line)
    return found


def commands():
    for block in blocks(""):
        for line in block.splitlines():
            line = line.split("  #")[0].strip()
            if line:
                yield line


class Readme(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="entente-readme-")
        for name in COPIES:
            source, to = os.path.join(SOURCE, name), os.path.join(self.folder, name)
            if os.path.isdir(source):
                shutil.copytree(source, to)
            else:
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copy(source, to)
        os.makedirs(os.path.join(self.folder, "build"))
        shutil.copy(os.path.join(BUILD, "entente"), os.path.join(self.folder, "build"))
        self.files()

    def tearDown(self):
        shutil.rmtree(self.folder)

    def files(self):
        """The files that the commands and the configuration name."""
        random = np.random.default_rng(1)
        y = random.integers(0, 2, 300)
        np.save(os.path.join(self.folder, "text.npy"), random.normal(size=(300, 6)) + y[:, None])
        np.savetxt(os.path.join(self.folder, "audio.csv"), random.normal(size=(300, 4)), delimiter=",")
        with open(os.path.join(self.folder, "labels.csv"), "w") as file:
            file.write("sentiment\n" + "\n".join(map(str, y)) + "\n")
        with open(os.path.join(self.folder, "my.yaml"), "w") as file:
            file.write(blocks("yaml")[0])
        if DATA:
            for name, source in (("WORDS.csd", "mosi_text_repacked.csd"), ("COVAREP.csd", "mosi_audio_repacked.csd"),
                                 ("LABELS.csd", "CMU_MOSI_Opinion_Labels.csd"),
                                 ("t10k-images-idx3-ubyte.gz",) * 2, ("t10k-labels-idx1-ubyte.gz",) * 2):
                shutil.copy(os.path.join(DATA, source), os.path.join(self.folder, name))
            unpacked = os.path.join(self.folder, "unpacked")
            shutil.unpack_archive(os.path.join(DATA, "fsdd_wav.tar.gz"), unpacked)
            recordings = next(folder for folder, _, files in os.walk(unpacked) if any(f.endswith(".wav") for f in files))
            os.rename(recordings, os.path.join(self.folder, "recordings"))

    def run_as(self, user, command, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OMPI_")}
        environment.pop("OMP_NUM_THREADS", None)  # as in a new shell
        environment.update(HOME=self.folder, TMPDIR="/tmp", **more)
        start = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
        done = subprocess.run(start + ["bash", "-euo", "pipefail", "-c", command], cwd=self.folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        return done.stdout

    def named_files_are_there(self, command):
        for name in re.findall(r"(?:jobs|env|tests)/[\w./-]+", command):
            self.assertTrue(os.path.exists(os.path.join(SOURCE, name)), f"{command}: no {name}")

    def paste(self, user):
        # what the quickstart leaves
        self.run_as(user, "mkdir -p result/quickstart && build/entente synth --out result/quickstart/data.h5 && jobs/run.sh -n 2 "
                          "train jobs/quickstart.yaml --set data.file=result/quickstart/data.h5 --out result/quickstart --quiet")
        ran = 0
        for command in commands():
            self.named_files_are_there(command)
            if command.startswith(NOT_HERE):
                continue
            wants = "--replace" if "--out data.h5" in command else ""
            if ("csd" in command or "digits" in command) and not DATA:
                continue
            self.run_as(user, f"{command} {wants}")
            ran += 1
        self.assertGreater(ran, 5)
        self.run_python(user)

    def run_python(self, user):
        """The Python blocks one after the other, with the files that they name; `entente` and mpirun as after an installation."""
        given = ("import numpy as np\nrandom = np.random.default_rng(2)\ny = random.integers(0, 2, 120)\n"
                 "x, z, split = random.normal(size=(120, 5)), random.normal(size=(120, 4)), np.arange(120) % 3\n")
        between = "result_my = entente.train('my.yaml', out='result-my', entente='build/entente')\n"
        first, second = blocks("python")
        with open(os.path.join(self.folder, "pasted.py"), "w") as file:
            file.write(given + first + between + second)
        self.run_as(user, "/usr/bin/python3 pasted.py", PYTHONPATH="env/python")

    def test_as_this_user(self):
        self.paste(None)

    @unittest.skipUnless(os.getuid() == 0 and shutil.which("setpriv"), "needs root, to become another user")
    def test_as_an_ordinary_user(self):
        for folder, _, files in os.walk(self.folder):
            os.chmod(folder, 0o777)
            for name in files:
                path = os.path.join(folder, name)
                os.chmod(path, os.stat(path).st_mode | 0o066)
        self.paste("65534")

    def test_links_and_length(self):
        with open(os.path.join(SOURCE, "README.md")) as file:
            text = file.read()
        self.assertLessEqual(len(text.splitlines()), 150)
        pages = [os.path.join(folder, name) for folder in ("", "jobs", "src", "include", "env", "tests", "benchmarks")
                 for name in ("README.md", "CONTRIBUTING.md")]
        for page in pages:
            path = os.path.join(SOURCE, page)
            if not os.path.exists(path):
                self.assertEqual(os.path.basename(page), "CONTRIBUTING.md", f"no {page}")
                continue
            with open(path) as file:
                for link in re.findall(r"\]\(([^)#]+)", file.read()):
                    if "://" not in link:
                        self.assertTrue(os.path.exists(os.path.join(os.path.dirname(path), link)), f"{page}: {link}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
