"""Outputs broken on purpose, by a seed: what calibration shows the gate, and what measures it.

Amounts are drawn from what an attentive eye sees at once on a screen to what nobody would miss.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from impasto.gate.view import Image8, Plane
from impasto.vision.faces import FaceBox
from impasto.vision.lab import rgb_to_lab

Random = np.random.Generator
Damage = Callable[["Made", Random], Image8]


@dataclass(frozen=True, eq=False)
class Made:
    """An output, the content that it was made of, and another photo's output, each H×W×3 uint8.

    `face` is the largest face of the content, if it shows one.
    """

    content: Image8
    output: Image8
    other: Image8
    face: FaceBox | None = None


def blurred(made: Made, random: Random) -> Image8:
    """Gaussian blur, with a deviation of 1.5 to 4 pixels."""
    from PIL import Image, ImageFilter  # noqa: PLC0415

    return np.asarray(Image.fromarray(made.output).filter(ImageFilter.GaussianBlur(random.uniform(1.5, 4))))


def blocky(made: Made, random: Random) -> Image8:
    """JPEG at quality 5 to 10, or a mosaic of 4 to 10 pixels."""
    from PIL import Image  # noqa: PLC0415

    picture = Image.fromarray(made.output)
    if random.random() < 0.5:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=int(random.integers(5, 11)))
        return np.asarray(Image.open(stream))
    side = int(random.integers(4, 11))
    rows, columns = (np.arange(length) // side * side for length in made.output.shape[:2])
    mosaic: Image8 = made.output[np.ix_(rows, columns)]
    return mosaic


def noisy(made: Made, random: Random) -> Image8:
    """Gaussian noise of 6 to 14 percent, in each channel."""
    noise: Plane = random.standard_normal(made.output.shape, np.float32) * np.float32(random.uniform(0.06, 0.14))
    return _to_8bit(_unit(made.output) + noise)


def posterised(made: Made, random: Random) -> Image8:
    """Four to seven levels a channel."""
    steps = int(random.integers(3, 7))
    levels: Plane = np.round(_unit(made.output) * np.float32(steps)).astype(np.float32)
    return _to_8bit(levels / np.float32(steps))


def cast(made: Made, random: Random) -> Image8:
    """A tint in a random direction, of 12 to 25 in ΔE."""
    return _to_8bit(_unit(made.output) + _tint(random, random.uniform(12, 25)))


def overdone(made: Made, random: Random) -> Image8:
    """The change from the content, two to two and a half times as far."""
    before, after = _unit(made.content), _unit(made.output)
    return _to_8bit(before + (after - before) * np.float32(random.uniform(2, 2.5)))


def of_another_style(made: Made, random: Random) -> Image8:
    """The content with a curve, a saturation and tints of shadows and lights that are nobody's style."""
    picture = _unit(made.content) ** np.float32(np.exp(random.choice([-1, 1]) * random.uniform(0.25, 0.6)))
    contrast = np.float32(random.choice([0.65, 1.35]))
    picture = np.clip(np.float32(0.5) + (picture - np.float32(0.5)) * contrast, 0, 1)
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * np.float32(random.choice([0.0, 0.4, 1.6]))
    shadows, lights = (_tint(random, random.uniform(8, 20)) for _ in range(2))
    return _to_8bit(picture + (1 - grey) * shadows + grey * lights)


def untouched(made: Made, _random: Random) -> Image8:
    """The content as it was."""
    return made.content


def replaced(made: Made, _random: Random) -> Image8:
    """The output of another photo: in style, but its content is lost."""
    from PIL import Image  # noqa: PLC0415

    height, width = made.output.shape[:2]
    return np.asarray(Image.fromarray(made.other).resize((width, height)))


def torn(made: Made, random: Random) -> Image8:
    """Waves that pull the picture about by 6 to 12 pixels: outlines go, colours and sharpness stay."""
    height, width = made.output.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    reach, length = random.uniform(6, 12), random.uniform(25, 60)
    phase = random.uniform(0, 2 * np.pi, 2)
    down = (rows + reach * np.sin(2 * np.pi * columns / length + phase[0])).round().clip(0, height - 1).astype(int)
    across = (columns + reach * np.sin(2 * np.pi * rows / length + phase[1])).round().clip(0, width - 1).astype(int)
    pulled: Image8 = made.output[down, across]
    return pulled


def smeared(made: Made, random: Random) -> Image8:
    """The face blurred, as far as a tenth to a fifth of its width; all else as it should be."""
    from PIL import Image, ImageFilter  # noqa: PLC0415

    face = made.face
    if face is None:
        return made.output
    left, top, right, bottom = map(round, (face.x, face.y, face.x + face.width, face.y + face.height))
    part = Image.fromarray(np.ascontiguousarray(made.output[top:bottom, left:right]))
    broken = made.output.copy()
    blur = ImageFilter.GaussianBlur(face.width * random.uniform(0.1, 0.2))
    broken[top:bottom, left:right] = np.asarray(part.filter(blur))
    return broken


DAMAGES: dict[str, Damage] = {
    "blurred": blurred,
    "blocky": blocky,
    "noisy": noisy,
    "posterised": posterised,
    "colour cast": cast,
    "overdone": overdone,
    "another style": of_another_style,
    "untouched": untouched,
}
"""Damage that a picture shows by itself."""

CONTENT_DAMAGES: dict[str, Damage] = {"replaced": replaced, "torn": torn}
"""Damage that takes the content to see."""
FACE_DAMAGES: dict[str, Damage] = {"smeared face": smeared}
"""Damage to contents that show a face."""
FAILURE_OF: dict[str, str] = {
    **dict.fromkeys(("blurred", "blocky", "noisy", "posterised"), "artefacts"),
    **dict.fromkeys(("colour cast", "overdone", "another style", "untouched"), "style"),
    **dict.fromkeys(("replaced", "torn"), "content"),
    "smeared face": "faces",
}
"""The failure that each damage is an example of."""


def _unit(picture: Image8) -> Plane:
    return picture.astype(np.float32) / np.float32(255)


def _to_8bit(picture: Plane) -> Image8:
    rounded: Image8 = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
    return rounded


def _tint(random: Random, distance: float) -> Plane:
    """Return an offset of red, green and blue that turns mid grey by this ΔE without making it lighter."""
    angle = random.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.cos(angle - 2 * np.pi / 3), np.cos(angle + 2 * np.pi / 3)])
    luma = np.array([0.2126, 0.7152, 0.0722])
    direction = direction - direction @ luma
    grey = np.full(3, 0.5)
    shifted, plain = (rgb_to_lab(np.asarray(color, np.float32)[None])[0] for color in (grey + 0.1 * direction, grey))
    offset = 0.1 * direction * distance / float(np.linalg.norm(shifted - plain))
    result: Plane = offset.astype(np.float32)
    return result
