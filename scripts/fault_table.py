"""The rows of fault-table.sh. Standard library only.

A row is a function that does something to a tiny training and returns what happened, in words, and whether it was right.
"""

import glob
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

from record_trainings import png

# Steps of a few milliseconds, with dropout, jitter, masks and accumulation on: everything that could go astray.
TINY = {
    "model.width": 2, "clip.frames": 2, "clip.size": 16, "sources.size": 32, "batch.sources": 2,
    "batch.accumulation_steps": 2, "task.mosi.mask.curriculum.enabled": "true",
    "records.checkpoint_every_steps": 20, "records.keep_checkpoints": 3,
}
ROWS = {}


def row(title):
    """Registers a function as a row; its name is the row's."""
    def register(function):
        ROWS[function.__name__.replace("_", "-")] = (title, function)
        return function
    return register


class Skipped(Exception):
    """A row that this machine cannot show."""


# MARK: - Runs


class Table:
    def __init__(self, mosi, out):
        self.mosi = os.path.realpath(mosi)
        self.out = os.path.realpath(out)
        self.launcher = os.environ.get("MOSI_LAUNCHER", "").split()

    def path(self, name):
        return os.path.join(self.out, name)

    def pretrain(self, name, sources=("synthetic:dead-leaves:50",), epochs=10, **settings):
        """The command of a training of `epochs` epochs; of the usual sources one has 11 steps and a validation."""
        words = [self.mosi, "pretrain", "--device", "cpu", "--output", self.path(name), "--sources"]
        words += [*sources, "--epochs", str(epochs)]
        for key, value in {**TINY, **settings}.items():
            words += ["--set", f"{key}={value}"]
        return words

    def resume(self, name, *more):
        return [self.mosi, "pretrain", "--device", "cpu", "--output", self.path(name), "--resume", *more]

    def run(self, command, **options):
        """Runs a command to its end: its status and what it wrote to stderr."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=3600, **options)
        return done.returncode, done.stderr

    def start(self, command, log, **options):
        """Starts a command whose stderr goes to the file `log`."""
        with open(self.path(log), "w") as file:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=file, **options)

    def text(self, log):
        with open(self.path(log)) as file:
            return file.read()

    def numbers(self, name):
        """What a run computed: each line of its records without the times, and the bytes of its last tensors."""
        lines = []
        with open(self.path(f"{name}/metrics.jsonl")) as file:
            for line in map(json.loads, file):
                lines.append([line.get(key) for key in (
                    "event", "step", "epoch", "loss", "top1", "top1_per_label", "learning_rate",
                    "annotations", "skipped_sources")])
        return lines, tensors(self.path(f"{name}/last.safetensors"))

    def steps(self, name):
        """The number of lines in a run's records so far."""
        try:
            with open(self.path(f"{name}/metrics.jsonl"), "rb") as file:
                return file.read().count(b"\n")
        except FileNotFoundError:
            return 0

    def whole(self, name, launcher=(), **options):
        """A run that nothing happens to, made once."""
        if not os.path.exists(self.path(name)):
            status, errors = self.run([*launcher, *self.pretrain(name, **options)])
            assert status == 0, errors
        return self.numbers(name)


def header(path):
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        return 8 + length, json.loads(file.read(length))


def tensors(path):
    start, content = header(path)
    with open(path, "rb") as file:
        data = file.read()[start:]
    return {name: data[slice(*entry["data_offsets"])] for name, entry in content.items()
            if name != "__metadata__"}


def position(path):
    return json.loads(header(path)[1]["__metadata__"]["position"])["step"]


def wait(until, process, seconds=900):
    """Waits until something holds; false if the process ends or the time passes before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return False


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def descendants(process, program):
    """The ids of the processes below one, or of itself, that run a program."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                pid, rest = file.read().split(" ", 1)
            parents[int(pid)] = int(rest.rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    def is_below(pid):
        while pid in parents:
            if pid == process:
                return True
            pid = parents[pid]
        return False
    found = []
    for pid in sorted(parents):
        try:
            if is_below(pid) and os.path.realpath(f"/proc/{pid}/exe") == program:
                found.append(pid)
        except OSError:
            continue
    return found


def pictures(folder, count, broken=()):
    """Writes pictures; of the `broken` ones only a part."""
    os.makedirs(folder)
    for index in range(count):
        path = f"{folder}/{index:04}.png"
        pixels = bytes((x * (3 + index % 17) + y * (5 + index % 11) + 40 * channel) % 256
                       for y in range(40) for x in range(48) for channel in range(3))
        png(path, 48, 40, pixels)
        if index in broken:
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) // 3)


def same(table, name, whole):
    """Whether a run has the numbers of another, in words."""
    lines, weights = table.numbers(name)
    equal = lines == whole[0] and weights == whole[1]
    return equal, (f"{len(lines)} records and {len(weights)} tensors equal to the undisturbed run's" if equal
                   else "NOT equal to the undisturbed run")


# MARK: - Rows


@row("SIGKILL of a random process at a random time, 20 times, each followed by a restart")
def kill(table):
    often = {"epochs": 60, "records.checkpoint_every_steps": 5}
    whole = table.whole("kill-whole", table.launcher, **often)
    draw, kills, lost, process = random.Random(18), 0, 0, None
    command = table.launcher + table.pretrain("kill", **often) + ["--resume-or-begin"]
    while kills < 20:
        # A launcher may restart what was killed by itself.
        if process is None or process.poll() is not None:
            if process is not None and process.returncode == 0:
                break
            process = table.start(command, "kill.log")
        target = table.steps("kill") + draw.randrange(1, 25)
        if not wait(lambda: table.steps("kill") >= target, process):
            continue
        time.sleep(draw.random() * 0.02)
        victims = descendants(process.pid, table.mosi)
        if not victims:
            continue
        os.kill(draw.choice(victims), signal.SIGKILL)
        kills += 1
        lost += table.steps("kill") - position(table.path("kill/last.safetensors"))
        wait(lambda: not set(victims) & set(descendants(process.pid, table.mosi)), process)
        if not table.launcher:
            process.wait()
    if process.poll() is None:
        process.wait()
    status, errors = table.run(command)
    equal, words = same(table, "kill", whole) if status == 0 else (False, last_line(errors))
    return equal and kills == 20, f"killed {kills} times in 660 steps, which cost {lost} steps done twice; {words}"


@row("SIGINT, SIGTERM and SIGUSR1 in the midst of the steps")
def signals(table):
    whole = table.whole("signals-whole", epochs=20)
    found = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        name = f"signals-{number.name}"
        process = table.start(table.pretrain(name, epochs=20), name + ".log")
        wait(lambda: table.steps(name) >= 30, process)
        begun = time.monotonic()
        process.send_signal(number)
        status = process.wait()
        seconds = time.monotonic() - begun
        right = status == 128 + number and "resume with" in table.text(name + ".log")
        resumed, _ = table.run(table.resume(name))
        equal = resumed == 0 and same(table, name, whole)[0]
        found.append((right and equal, f"{number.name}: status {status} after {seconds:.2f} s"
                      + (", resumed to equal numbers" if equal else ", NOT resumed to equal numbers")))
    return all(right for right, _ in found), "; ".join(words for _, words in found)


@row("the newest checkpoint cut at every 4 KiB, and one byte changed at 20 places")
def checkpoint(table):
    whole = table.whole("short-whole", epochs=2)
    process = table.start(table.pretrain("torn", epochs=2), "torn.log")
    wait(lambda: os.path.exists(table.path("torn/checkpoints/step-000011.safetensors")), process)
    process.send_signal(signal.SIGTERM)
    process.wait()
    shutil.move(table.path("torn"), table.path("torn-as-it-was"))
    newest = table.path("torn-as-it-was/last.safetensors")
    with open(newest, "rb") as file:
        content = file.read()
    draw = random.Random(4)
    damages = [content[:length] for length in range(0, len(content), 4096)]
    for _ in range(20):
        place = draw.randrange(len(content))
        damages.append(content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1:])
    fell_back = equal = 0
    for damaged in damages:
        shutil.rmtree(table.path("torn"), ignore_errors=True)
        shutil.copytree(table.path("torn-as-it-was"), table.path("torn"))
        with open(table.path("torn/last.safetensors"), "wb") as file:
            file.write(damaged)
        status, errors = table.run(table.resume("torn"))
        fell_back += "resuming from the checkpoint before it" in errors
        equal += status == 0 and same(table, "torn", whole)[0]
    cuts = len(damages) - 20
    return fell_back == equal == len(damages), (
        f"{cuts} cuts and 20 changes of {len(content)} bytes: {fell_back} of {len(damages)} detected and resumed from the "
        f"checkpoint before, {equal} to equal numbers")


def mounted(script, table, name, size):
    """A command that runs a script of the shell on a small file system at `name`, which it alone sees."""
    folder = table.path(name)
    os.makedirs(folder, exist_ok=True)
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = f"mount -t tmpfs -o size={size} tmpfs {folder}"
    if shutil.which("unshare") is None or subprocess.run(
            namespace + ["sh", "-c", mount], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skipped("this user can mount no file system, also not in a namespace (unshare)")
    return namespace + ["sh", "-euc", mount + "\n" + script]


@row("a full disk (tmpfs of 3 MB), and room again after 3 s")
def disk(table):
    whole = table.whole("short-whole", epochs=2)
    process = table.start(table.pretrain("disk-begun", epochs=2), "disk-begun.log")
    wait(lambda: table.steps("disk-begun") >= 5, process)
    process.kill()
    process.wait()
    # Filled to the last byte; the run continues in there, and room comes after its warning.
    script = f"""
      cp -R {table.path("disk-begun")}/. {table.path("disk")}
      cat /dev/zero >{table.path("disk")}/filler 2>/dev/null || true
      {" ".join(table.resume("disk"))} >/dev/null 2>{table.path("disk.log")} &
      mosi=$!
      while ! grep -q "waits for this to end" {table.path("disk.log")} && kill -0 $mosi; do sleep 0.1; done
      sleep 3
      if [ "${{STOP:-}}" ]; then kill -TERM $mosi; else rm {table.path("disk")}/filler; fi
      status=0; wait $mosi || status=$?
      rm -f {table.path("disk")}/filler
      [ "${{STOP:-}}" ] || cp -R {table.path("disk")}/. {table.path("disk-after")}
      exit $status"""
    os.makedirs(table.path("disk-after"))
    command = mounted(script, table, "disk", "3m")
    status, errors = table.run(command)
    warning = next((line for line in table.text("disk.log").splitlines() if "no room" in line), errors)
    equal, words = same(table, "disk-after", whole) if status == 0 else (False, f"status {status}")
    stopped, _ = table.run(command, env={**os.environ, "STOP": "1"})
    return equal and stopped == 143, (
        f"\"{warning.removeprefix('warning: ').replace(table.out + '/', '')}\", then {words}; SIGTERM during the pause: "
        f"status {stopped}")


@row("an output folder that cannot be written (read-only file system)")
def read_only(table):
    script = (f"mount -o remount,ro {table.path('read-only')}\n"
              + " ".join(table.pretrain("read-only/run", epochs=2)))
    status, errors = table.run(mounted(script, table, "read-only", "8m"))
    sentences = [line for line in errors.splitlines() if "error: " in line]
    return status == 1 and len(sentences) == 1, (
        f"status {status}: \"{last_line(errors).replace(table.out + '/', '')}\"")


@row("the folder of the sources vanishes for 3 s and comes back")
def sources(table):
    pictures(table.path("photos"), 60)
    options = {"sources": [table.path("photos")], "epochs": 20}
    whole = table.whole("sources-whole", **options)
    process = table.start(table.pretrain("sources", **options), "sources.log")
    wait(lambda: table.steps("sources") >= 20, process)
    os.rename(table.path("photos"), table.path("photos-gone"))
    warned = wait(lambda: "waits for this to end" in table.text("sources.log"), process)
    time.sleep(3)
    os.rename(table.path("photos-gone"), table.path("photos"))
    status = process.wait()
    equal, words = same(table, "sources", whole) if status == 0 else (False, table.text("sources.log"))
    warning = next((line for line in table.text("sources.log").splitlines() if "waits for this" in line), "no warning")
    return warned and equal, f"\"{warning.removeprefix('warning: ').replace(table.out + '/', '')}\", then {words}"


@row("NaN (a learning rate of 1e30), and the same with `optimizer.skip_non_finite_steps`")
def nan(table):
    rates = {"optimizer.learning_rate": "1e30", "optimizer.warmup_start_learning_rate": "1e30"}
    status, errors = table.run(table.pretrain("nan", **rates))
    state = position(table.path("nan/diverged.safetensors"))
    skipping = {**rates, "optimizer.skip_non_finite_steps": "true"}
    skipped, words = table.run(table.pretrain("nan-skipped", epochs=20, **skipping))
    steps = table.steps("nan-skipped")
    short = [last_line(text).replace(table.out + "/", "") for text in (errors, words)]
    return (status, skipped) == (1, 1) and state == 1 and "at step 2:" in errors and "at step 2:" in words, (
        f"status {status}: \"{short[0]}\"; skipped: 100 in a row stop the run (status {skipped}, {steps} records)")


@row("5 % of the sources are cut off")
def corrupt(table):
    pictures(table.path("cut"), 200, broken=range(0, 200, 20))
    found = []
    for name, workers in (("cut-a", "1"), ("cut-b", "4")):
        command = table.pretrain(name, sources=[table.path("cut")], epochs=4)
        status, errors = table.run(command + ["--workers", workers])
        found.append((status, errors.count("skipped: ")))
    numbers = [table.numbers(name) for name in ("cut-a", "cut-b")]
    skipped = numbers[0][0][-1][-1]
    equal = numbers[0] == numbers[1]
    return equal and found == [(0, 10)] * 2 and skipped == 10, (
        f"status {found[0][0]}, {found[0][1]} warnings, {skipped} sources in the summary; with 1 and 4 loading threads "
        + ("equal numbers" if equal else "DIFFERENT numbers"))


# What the C library says of the time is a day less once a file exists; the clock that nobody sets stays as it is.
CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
  const char *file = getenv("MOSI_CLOCK_SET_BACK");
  return file != NULL && access(file, F_OK) == 0 ? -86400 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(clock, time);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += offset();
  return status;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int status = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec, time->tv_usec = now.tv_nsec / 1000;
  return status;
}

time_t time(time_t *seconds) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != NULL) *seconds = now.tv_sec;
  return now.tv_sec;
}
"""


@row("the clock is set back by a day in the midst of a run")
def clock(table):
    compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if compiler is None or not sys.platform.startswith("linux"):
        raise Skipped("it needs Linux and a C compiler")
    whole = table.whole("short-whole", epochs=2)
    source, library, mark = (table.path("clock" + ending) for ending in (".c", ".so", ".set-back"))
    with open(source, "w") as file:
        file.write(CLOCK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": library, "MOSI_CLOCK_SET_BACK": mark}
    process = table.start(table.pretrain("clock", epochs=2), "clock.log", env=environment)
    wait(lambda: table.steps("clock") >= 5, process)
    open(mark, "w").close()
    status = process.wait()
    equal, words = same(table, "clock", whole) if status == 0 else (False, last_line(table.text("clock.log")))
    # The curves' events carry the time: the later ones must have that of the day before.
    times = event_times(glob.glob(table.path("clock/events/*"))[0])
    back = max(times) - times[-1]
    return equal and back > 80000, f"status {status}, {back / 3600:.0f} h between the events; {words}"


def event_times(path):
    """The times of TensorBoard's events: records of a length, 4 bytes, an event that begins with its time, 4 bytes."""
    with open(path, "rb") as file:
        content, times = file.read(), []
    while content:
        length, = struct.unpack("<Q", content[:8])
        times.append(struct.unpack("<d", content[13:21])[0])
        content = content[length + 16:]
    return times


# MARK: - The table


def main():
    if sys.argv[1] == "--list":
        print("\n".join(ROWS))
        return
    if len(sys.argv) < 3:
        sys.exit("usage: fault-table.sh MOSI OUT [ROW ...]")
    mosi, out, names = sys.argv[1], sys.argv[2], sys.argv[3:] or list(ROWS)
    for name in names:
        if name not in ROWS:
            sys.exit(f"there is no row {name}: {', '.join(ROWS)}")
    if os.path.exists(out):
        sys.exit(f"{out} exists: name a folder that does not")
    os.makedirs(out)
    table, failed = Table(mosi, out), False
    print("| what was done | what happened | seconds | as it should |\n|---|---|---|---|", flush=True)
    for name in names:
        title, function = ROWS[name]
        begun = time.monotonic()
        try:
            right, words = function(table)
        except Skipped as reason:
            right, words = None, f"skipped: {reason}"
        except Exception as error:  # a row that breaks is a row that failed
            right, words = False, f"{type(error).__name__}: {error}"
        failed |= right is False
        verdict = {True: "yes", False: "NO", None: "–"}[right]
        words = words.replace("|", "\\|").replace("\n", " ")
        print(f"| {title} | {words} | {time.monotonic() - begun:.0f} | {verdict} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
