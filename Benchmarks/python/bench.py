"""The driver of `make bench`: both sides take turns, and what they need is compared.

Writes results.json (a list of entries), history.jsonl and ratios.svg to --output, and a table to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import data
import demo
import jobs
import report

here = Path(__file__).resolve().parent
root = here.parents[1]
OURS = "ours"
LIBTORCH_KERNELS = "libtorch-kernels"  # ours without its own kernels for GPUs


class SideFailed(Exception):
    """A process ended before it answered."""


class Side:
    """A process of one side."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.ready = self.answer()
        self.parts: list[dict[str, float]] = []  # the seconds of each part, by repetition
        self.seconds: list[float] = []
        self.processor: list[float] = []
        self.device_peak: float | None = None  # MiB of a GPU's memory

    def answer(self) -> dict[str, Any]:
        """The next line of JSON."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        self.process.wait()
        last = self.log.read_text().strip().splitlines()[-1:]
        raise SideFailed(f"{self.name} ended with status {self.process.returncode}: {''.join(last)} ({self.log})")

    def repeat(self) -> None:
        """Repeats the job once and keeps what it took."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.answer()
        self.parts.append(answer["parts"])
        self.seconds.append(answer["seconds"])
        self.processor.append(answer["processor"])
        self.device_peak = answer.get("devicePeak")

    @property
    def cores(self) -> float:
        """The mean number of cores that were busy in repetitions."""
        return sum(self.processor) / sum(self.seconds)

    def close(self) -> float:
        """Ends the process; the peak of its memory in MiB."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


class Bench:
    def __init__(self, threads: int, output: Path, rounds: int | None, programs: Path | None) -> None:
        self.threads = threads
        self.output = output
        self.rounds = rounds
        self.swift = (programs or root / ".build/extras/release") / "Bench"
        self.tool = (programs or root / ".build/release") / "mosi"

    def environment(self, side: str) -> dict[str, str]:
        environment = dict(os.environ)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[name] = str(self.threads)
        # Whose kernels run on a GPU (Runtime.gpuKernels).
        environment["MOSI_GPU_KERNELS"] = "libtorch" if side == LIBTORCH_KERNELS else "own"
        if side in (OURS, LIBTORCH_KERNELS):
            # As the tool does for itself (KeepFreedMemory.swift).
            environment |= {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
        # A cached compilation would hide its time.
        return environment | {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}

    def side(self, opponent: str, job: jobs.Job) -> Side:
        settings = job.settings
        if opponent == OURS:
            command = [str(self.swift), json.dumps(settings)]
        elif opponent == LIBTORCH_KERNELS:
            command = [str(self.swift), json.dumps(settings)]
        elif opponent == "step-alone":
            command = [str(self.swift), json.dumps({**settings, "isStepAlone": True})]
        elif opponent == "all-tokens":
            command = [str(self.swift), json.dumps({**settings, "exchange": None, "seesAllTokens": True})]
        else:
            command = [sys.executable, str(here / "opponent.py"), json.dumps({**settings, "opponent": opponent})]
        owner = OURS if opponent in ("step-alone", "all-tokens") else opponent
        return Side(opponent, command, self.environment(owner), self.output / "logs" / f"{job.name}-{opponent}.txt")

    def run(self, job: jobs.Job) -> list[report.Entry]:
        rounds = self.rounds or job.repetitions
        if job.name == "start":
            return self.compare_starts(job, rounds)
        if job.name == "demo":
            return self.compare_demos(job, rounds)
        return self.alternate(job, rounds) if job.alternates else self.compare_memory(job)

    def alternate(self, job: jobs.Job, rounds: int) -> list[report.Entry]:
        sides = [self.side(OURS, job)]
        for opponent in job.opponents:
            try:
                sides.append(self.side(opponent, job))
            except SideFailed as failure:
                say(f"{job.name} against {opponent}: not measured: {failure}")
        self.check(job, sides)
        for round in range(rounds):
            # In turns, each round in the opposite order of the last.
            for side in sides if round % 2 == 0 else reversed(sides):
                side.repeat()
        cores = ", ".join(f"{side.name} {side.cores:.2f}" for side in sides if side.name != "sgemm")
        say(f"{job.name}: {self.threads} threads on each side; cores that were busy: {cores}")
        for side in sides:
            side.close()
        return [one for side in sides[1:] for one in self.entries(job, sides[0], side)]

    def check(self, job: jobs.Job, sides: list[Side]) -> None:
        """Both sides use as many threads, and do the same."""
        ours = sides[0].ready["facts"]
        # A loss in bfloat16 has two digits.
        tolerance = 1e-3 if job.settings.get("network", {}).get("precision", "float32") == "float32" else 2e-2
        for side in sides:
            if side.ready["threads"] != self.threads:
                raise SystemExit(f"{job.name}: {side.name} uses {side.ready['threads']} threads, not {self.threads}")
            for name, value in side.ready["facts"].items():
                if name in ours and abs(value - ours[name]) > tolerance * abs(ours[name]):
                    raise SystemExit(f"{job.name}: {name} is {ours[name]} here, but {value} of {side.name}")
            for name, value in side.ready.get("notes", {}).items():
                say(f"{job.name}, {side.name}: {name} {report.number(value)}")

    def entries(self, job: jobs.Job, ours: Side, theirs: Side) -> list[report.Entry]:
        """An entry for each part and, if parts occur several times, one for the total of each kind of part."""
        parts = list(ours.parts[0])
        processor = (ours.processor, theirs.processor) if len(parts) == 1 else None

        def compare(name: str, weights: dict[str, int], shape: str | None = None) -> report.Entry:
            def sums(side: Side) -> list[float]:
                return [sum(round[part] * weight for part, weight in weights.items()) for round in side.parts]

            return report.entry(
                name, theirs.name, sums(ours), sums(theirs), job.unit, job.items, shape=shape, processor=processor
            )

        found = [compare(f"{job.name}-{part}" if part else job.name, {part: 1}, job.shapes.get(part)) for part in parts]
        for way in ("forward", "data-gradient", "weight-gradient"):
            weights = {part: job.times[part] for part in parts if part in job.times and part.endswith(f"-{way}")}
            if weights:
                found.append(compare(f"{job.name}-{way}", weights, "all convolutions"))
        return found

    def compare_memory(self, job: jobs.Job) -> list[report.Entry]:
        """The peaks of processes that repeat a job twice after it was prepared: of the device's memory, or resident."""
        peaks = {}
        for name in (OURS, *job.opponents):
            side = self.side(name, job)
            side.repeat()
            side.repeat()
            peak = side.close()
            peaks[name] = peak if side.device_peak is None else side.device_peak
        return [report.entry(job.name, name, [peaks[OURS]], [peaks[name]], job.unit) for name in job.opponents]

    def compare_starts(self, job: jobs.Job, rounds: int) -> list[report.Entry]:
        measured: dict[str, list[float]] = {OURS: [], "python": []}
        # The first start of each reads its libraries from the disk.
        for round in range(rounds + 1):
            for name in measured if round % 2 == 0 else reversed(list(measured)):
                seconds = self.start_tool(job) if name == OURS else self.start_python(job)
                if round:
                    measured[name].append(seconds)
        return [report.entry("start", "python", measured[OURS], measured["python"])]

    def compare_demos(self, job: jobs.Job, rounds: int) -> list[report.Entry]:
        """The trainings of the demo with this tool and an earlier one, in turns; prints the accuracies."""
        tools = {OURS: self.tool, "before": Path(job.settings["before"])}
        measured: dict[str, list[float]] = {name: [] for name in tools}
        videos = self.output / "demo" / "sprites"
        demo.make_videos(self.tool, videos, self.environment("tool"))
        for round in range(rounds):
            for name in tools if round % 2 == 0 else reversed(list(tools)):
                seconds, accuracies = demo.train(
                    tools[name], videos, self.output / "demo" / name, self.environment("tool")
                )
                measured[name].append(seconds)
                reached = ", ".join(f"{what} {100 * top1:.1f} %" for what, top1 in accuracies.items())
                say(f"demo, {name}: {seconds:.0f} s; {reached}")
        return [report.entry("demo", "before", measured[OURS], measured["before"])]

    def start_tool(self, job: jobs.Job) -> float:
        """Seconds from the start of `mosi pretrain` to its first step."""
        run = self.output / "start"
        subprocess.run(["rm", "-rf", str(run)], check=True)
        settings = job.settings
        command = [
            str(self.tool), "pretrain", "--config", "tiny", "--sources", *settings["paths"], "--output", str(run),
            "--validation-fraction", "0",
        ]
        for name, value in [
            ("model.width", settings["network"]["width"]), ("clip.frames", settings["network"]["frames"]),
            ("clip.size", settings["network"]["size"]), ("records.log_every_steps", 1),
        ]:
            command += ["--set", f"{name}={value}"]
        begun = time.perf_counter()
        with (self.output / "logs/start-ours.txt").open("w") as log:
            process = subprocess.Popen(command, env=self.environment("tool"), stdout=log, stderr=log)
        metrics = run / "metrics.jsonl"
        while not (metrics.exists() and '"event":"step"' in metrics.read_text()):
            if process.poll() is not None:
                raise SystemExit(f"start: mosi ended before its first step; see {self.output}/logs/start-ours.txt")
            time.sleep(0.002)
        seconds = time.perf_counter() - begun
        process.terminate()
        process.wait()
        return seconds

    def start_python(self, job: jobs.Job) -> float:
        """Seconds from the start of Python to the end of its first step."""
        command = [sys.executable, str(here / "first_step.py"), json.dumps(job.settings)]
        begun = time.perf_counter()
        subprocess.run(command, env=self.environment("python"), check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def about(threads: int, device: str) -> dict[str, Any]:
    """The code and the machine."""
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True).stdout.strip()

    cpuinfo = Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    version = (root / "Sources/Training/Run/Version.swift").read_text().split('"')[1]
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M"),
        "version": version,
        "commit": git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else ""),
        "machine": gpu_name(device) or (names[0].split(": ", 1)[1] if names else platform.processor()),
        "threads": threads,
    }


def gpu_name(device: str) -> str | None:
    """The name of a GPU; nothing for a CPU."""
    if device == "cpu":
        return None
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", default="", help="names of jobs or their beginnings, separated by commas; default: all")
    parser.add_argument("--opponents", default="", help="some of the opponents, separated by commas; default: all")
    parser.add_argument("--sources", default="", help="a folder of pictures; default: generated ones")
    parser.add_argument("--videos", default="", help="a folder of videos; default: generated ones")
    parser.add_argument("--threads", type=int, help="of each side; default: the number of cores")
    parser.add_argument("--rounds", type=int, help="repetitions of each job; default: as many as the job says")
    parser.add_argument("--quick", action="store_true", help="small shapes, two rounds, one thread: only checks that everything runs")
    parser.add_argument("--record", action="store_true", help="add the ratios to Benchmarks/history.jsonl, for a release")
    parser.add_argument("--gpu-jobs", action="store_true", help="the jobs of a GPU")
    parser.add_argument("--device", default="cpu", help="where they run, such as cuda; default: %(default)s")
    parser.add_argument("--programs", type=Path, help="the folder of Bench and mosi; default: where `make bench` builds them")
    parser.add_argument("--before", type=Path, help="the mosi of an earlier commit, for the job demo")
    parser.add_argument("--limit", type=int, help="begin no more jobs after this number of seconds")
    parser.add_argument("--output", type=Path, default=root / ".build/bench")
    options = parser.parse_args()

    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    threads = options.threads or (1 if options.quick else cores)
    output = options.output.resolve()
    (output / "logs").mkdir(parents=True, exist_ok=True)
    bench = Bench(threads, output, options.rounds or (2 if options.quick else None), options.programs)
    files = data.find(options.sources, options.videos, output, bench.tool, options.quick, options.gpu_jobs)
    wanted = [name for name in options.jobs.split(",") if name]
    every = list(
        jobs.gpu_jobs(files, threads, options.device, options.quick) if options.gpu_jobs
        else jobs.every_job(files, threads, options.quick)
    )
    if options.before:
        every.append(jobs.Job("demo", ["before"], {"before": str(options.before.resolve())}, 1, alternates=False))
    chosen = [job for job in every if not wanted or any(matches(job.name, name) for name in wanted)]
    known = ", ".join(f"{job.name} ({', '.join(job.opponents)})" for job in every)
    if options.opponents:
        for job in chosen:
            job.opponents = [name for name in job.opponents if name in options.opponents.split(",")]
        chosen = [job for job in chosen if job.opponents]
    if not chosen:
        raise SystemExit(f"no job has such a name and such an opponent; there are {known}")

    machine = about(threads, options.device)
    say(f"{machine['machine']}, {threads} threads, commit {machine['commit']}")
    if platform.system() == "Linux" and os.getloadavg()[0] > 0.5:
        say(f"other processes use this machine (load {os.getloadavg()[0]:.1f}): trust only the ratios")
    entries: list[report.Entry] = []
    begun = time.monotonic()
    for job in chosen:
        if options.limit and time.monotonic() - begun > options.limit:
            say(f"{job.name}: not measured: {options.limit} s are over")
            continue
        entries += bench.run(job)
        # A run that is interrupted keeps what it has.
        report.write_results(output / "results.json", entries)
    if options.quick:
        say("quick: these numbers mean nothing")
    else:
        report.append_history(output / "history.jsonl", machine, entries)
    recorded = root / "Benchmarks/history.jsonl"
    earlier = report.last_recorded(recorded)
    print(report.table(entries, earlier))
    if earlier:
        print(f"earlier: version {earlier['version']}, commit {earlier['commit']}, {earlier['machine']}")
    totals = [one for one in entries if "shape" not in one or one["shape"] == "all convolutions"]
    title = f"mosi {machine['version']} ({machine['commit']}) on {machine['machine']}, {threads} threads"
    (output / "ratios.svg").write_text(report.plot(totals, title), encoding="utf-8")
    if options.record:
        report.append_history(recorded, machine, entries)
    say(f"wrote {output}/results.json, history.jsonl and ratios.svg")


def matches(job: str, name: str) -> bool:
    return job == name or job.startswith(f"{name}-")


if __name__ == "__main__":
    main()
