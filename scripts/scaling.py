#!/usr/bin/env python3
"""Models throughput and traffic of a data-parallel pre-training on 1 to 1,000 GPUs.

Prints the table of docs/scaling.md and writes its plot:

    scripts/scaling.py docs/images/scaling.svg

Nothing here has run on a GPU. Constants marked "measured" come from this repository's benchmarks on 2 cores of a CPU; the others are
properties of the hardware that a reader can replace.
"""

import sys

# The paper's pre-training: 10 stills for each GPU, a clip of 16 x 112 x 112 for each of 9 labels.
SOURCES, CLIPS = 10, 90
NETWORKS = {  # parameters, GFLOP of a forward pass of one clip: `mosi models`
    "R-2D3D-18": (14_059_849, 13.73),
    "R(2+1)D-10": (14_370_094, 42.67),
}
GPU_FLOPS = 49.5e12  # assumed: 10 % of an H100's TF32 peak, as in docs/reproduce.md
GPUS_PER_NODE = 8
NVLINK = 300e9  # bytes a second between the GPUs of a node
NETWORK = 50e9  # bytes a second from node to node: 400 Gbit/s
ETHERNET = 1.25e9  # the same over 10 Gbit/s
LATENCY = 15e-6  # seconds of one message between nodes
AGREEMENTS = 3  # small exchanges of a step, between hosts: samples, records, stop
STILL_BYTES = 110e3  # an ImageNet JPEG
STILL_SECONDS = 8.0e-3  # core seconds to read, decode and scale it to 320: measured
CORES_PER_GPU = 12


def hops(processes):
    return max(processes - 1, 0).bit_length()


def step(network, gpus, link):
    """Seconds of compute, of exposed communication, of agreeing, and of loading, for one step."""
    parameters, gflop = NETWORKS[network]
    compute = 3 * gflop * 1e9 * CLIPS / GPU_FLOPS
    gradient = 4 * parameters
    nodes = -(-gpus // GPUS_PER_NODE)
    inside = min(gpus, GPUS_PER_NODE)
    reduce = 2 * (inside - 1) / inside * gradient / NVLINK + 2 * (nodes - 1) / nodes * gradient / link
    reduce += 2 * hops(nodes) * LATENCY * (gradient / 25e6 + 1)
    # Buckets travel under the backward pass, two thirds of the step, but for the last one.
    backward = compute * 2 / 3
    last = min(25e6, gradient) / gradient * reduce
    exposed = last + max(0, reduce - last - backward)
    agreeing = AGREEMENTS * 2 * hops(gpus) * LATENCY
    loading = SOURCES * STILL_SECONDS / CORES_PER_GPU
    return compute, exposed, agreeing, loading


def seconds(network, gpus, link):
    compute, exposed, agreeing, loading = step(network, gpus, link)
    return max(compute + exposed + agreeing, loading)


COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]


def table():
    print("| GPUs | stills/s | efficiency | over 10 Gbit/s | sent by a node, GB/s | read from storage, GB/s | decoding cores | step of sources |")
    print("|---|---|---|---|---|---|---|---|")
    name = "R-2D3D-18"
    alone = seconds(name, 1, NETWORK)
    for gpus in COUNTS:
        time = seconds(name, gpus, NETWORK)
        slow = seconds(name, gpus, ETHERNET)
        nodes = -(-gpus // GPUS_PER_NODE)
        rate = SOURCES * gpus / time
        sent = 2 * (nodes - 1) / nodes * 4 * NETWORKS[name][0] / time / 1e9
        print(
            f"| {gpus} | {rate:,.0f} | {alone / time:.0%} | {alone / slow:.0%} | {sent:.2f} | "
            f"{rate * STILL_BYTES / 1e9:.2f} | {rate * STILL_SECONDS:,.0f} | {SOURCES * gpus:,} |")


def plot(path):
    width, height, left, bottom = 760, 400, 70, 50
    lines = [
        (name, link, label)
        for name in NETWORKS
        for link, label in ((NETWORK, "400 Gbit/s"), (ETHERNET, "10 Gbit/s"))
    ]
    colors = ["#3b6fb6", "#9db7db", "#c2571a", "#e3b08f"]

    import math

    def x(gpus):
        return left + (width - left - 240) * math.log(gpus) / math.log(1000)

    def y(efficiency):
        return height - bottom - (height - bottom - 20) * efficiency

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for efficiency in (0, 0.25, 0.5, 0.75, 1):
        out.append(f'<line x1="{left}" x2="{x(1000):.0f}" y1="{y(efficiency):.0f}" y2="{y(efficiency):.0f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 8}" y="{y(efficiency) + 4:.0f}" text-anchor="end">{efficiency:.0%}</text>')
    for gpus in (1, 8, 64, 1000):
        out.append(f'<text x="{x(gpus):.0f}" y="{height - bottom + 20}" text-anchor="middle">{gpus:,}</text>')
    out.append(f'<text x="{(left + x(1000)) / 2:.0f}" y="{height - 10}" text-anchor="middle">GPUs, 8 in a node</text>')
    out.append(f'<text x="18" y="{height / 2:.0f}" transform="rotate(-90 18 {height / 2:.0f})" text-anchor="middle">stills a second for each GPU, of those of one GPU</text>')
    for (name, link, label), color in zip(lines, colors):
        values = [seconds(name, 1, link) / seconds(name, gpus, link) for gpus in COUNTS]
        points = " ".join(f"{x(g):.1f},{y(v):.1f}" for g, v in zip(COUNTS, values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.5"/>')
    for place, ((name, link, label), color) in enumerate(zip(lines, colors)):
        top = 40 + 22 * place
        out.append(f'<line x1="{x(1000) + 20:.0f}" x2="{x(1000) + 44:.0f}" y1="{top}" y2="{top}" stroke="{color}" stroke-width="2.5"/>')
        out.append(f'<text x="{x(1000) + 50:.0f}" y="{top + 4}">{name}, {label}</text>')
    out.append("</svg>")
    open(path, "w").write("\n".join(out) + "\n")


if __name__ == "__main__":
    table()
    if len(sys.argv) > 1:
        plot(sys.argv[1])
