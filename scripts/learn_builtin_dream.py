"""Learn `faces`, the dream that comes with Impasto, from portraits that may be used so.

    python scripts/learn_builtin_dream.py [--data ../shared/data] [--output src/impasto/style/builtin] [--minutes 19]

The one that was committed had nineteen minutes of one core, 3,626 steps, beside other work. What comes of so many
minutes depends on the machine, and so do the people that it dreams of.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import impasto

NAME = "faces"
DESCRIPTION = "Faces of people who never were, 64 pixels a side: a dream, for `impasto dream`."
LICENSE_NOTE = (
    "Pixabay photos under the Pixabay licence, by way of Hossein88-eng/gender-classification-doe (MIT), and official "
    "portraits of US office holders by way of CivilServiceUSA (MIT; public domain)"
)
PORTRAITS = ("portraits/pixabay", "portraits/us_officials")


def main() -> None:
    """Learn it and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--output", type=Path, default=Path("src/impasto/style/builtin"))
    parser.add_argument("--minutes", type=float, default=19.0)
    options = parser.parse_args()
    style = impasto.learn(
        [options.data / folder for folder in PORTRAITS],
        family="dream",
        output=options.output / f"{NAME}.style",
        minutes=options.minutes,
        seed=1,
        description=DESCRIPTION,
        license_note=LICENSE_NOTE,
    )
    print(f"{style.name}: {style.metrics}")


if __name__ == "__main__":
    main()
