"""The pictures and videos that the jobs read: those of the user, or generated ones."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from jobs import Data
from PIL import Image, ImageDraw

VIDEOS = {".mp4", ".avi", ".mkv", ".webm", ".mov"}
PICTURES = {".jpg", ".jpeg"}
MOST_PICTURES, MOST_VIDEOS, LARGE_PICTURES = 100, 30, 8
LARGE = 3000  # the short side of large pictures


def find(sources: str, videos: str, folder: Path, tool: Path, quick: bool, only_pictures: bool = False) -> Data:
    """At most 100 JPEG files and 30 videos, spread evenly over those found; only the former for the jobs of a GPU."""
    generator = random.Random(1)
    pictures = spread(files(sources, PICTURES) if sources else drawn(folder / "pictures", generator), MOST_PICTURES)
    if only_pictures:
        return Data(pictures, [], [], [], str(folder))
    moving = spread(files(videos, VIDEOS) if videos else sprites(folder / "sprites", tool), MOST_VIDEOS)
    if quick:
        pictures, moving = pictures[:6], moving[:2]
    large = enlarged(pictures[:LARGE_PICTURES], folder / "large-pictures")
    places = [generator.random() for _ in range(MOST_PICTURES)]
    return Data(pictures, large, moving, places, str(folder))


def files(folder: str, endings: set[str]) -> list[str]:
    found = sorted(str(path.resolve()) for path in Path(folder).rglob("*") if path.suffix.lower() in endings)
    if not found:
        raise SystemExit(f"{folder} holds no {' or '.join(sorted(endings))}")
    return found


def spread(found: list[str], count: int) -> list[str]:
    return [found[index * len(found) // count] for index in range(count)] if len(found) > count else found


def drawn(folder: Path, generator: random.Random) -> list[str]:
    """Pictures of overlapping ellipses in common sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(60):
        path = folder / f"{index:02}.jpg"
        if path.exists():
            continue
        size = generator.choice([(500, 375), (640, 480), (1024, 768), (1600, 1200)])
        image = Image.effect_noise(size, 60).convert("RGB")
        draw = ImageDraw.Draw(image)
        for _ in range(150):
            x, y = generator.uniform(0, size[0]), generator.uniform(0, size[1])
            a, b = generator.uniform(5, 120), generator.uniform(5, 120)
            color = tuple(generator.randrange(256) for _ in range(3))
            draw.ellipse((x - a, y - b, x + a, y + b), fill=color)
        image.save(path, quality=90)
    return files(str(folder), PICTURES)


def sprites(folder: Path, tool: Path) -> list[str]:
    """Moving Sprites."""
    if not folder.exists():
        subprocess.run(
            [str(tool), "synthesize", "sprites", "--sprites", "plain", "--output", str(folder), "--train", "2", "--test", "1"], check=True,
            stdout=subprocess.DEVNULL,
        )
    return files(str(folder), VIDEOS)


def enlarged(pictures: list[str], folder: Path) -> list[str]:
    """The pictures in the size of a camera's."""
    folder.mkdir(parents=True, exist_ok=True)
    result = []
    for picture in pictures:
        path = folder / Path(picture).name
        if not path.exists():
            with Image.open(picture) as image:
                scale = LARGE / min(image.size)
                size = (round(image.width * scale), round(image.height * scale))
                image.convert("RGB").resize(size).save(path, quality=90)
        result.append(str(path))
    return result
