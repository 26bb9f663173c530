"""How often a style's gate finds damage, and how often it raises a false alarm.

    python benchmarks/gate_rates.py STYLE REFERENCES PHOTOS [--elsewhere OTHER_PHOTOS]

Photos are shuffled with a seed. The gate is calibrated on the style's outputs of the first 40, and tested on those of
others, as they are and broken in every way; in a style learned from none of these photos, all are unseen. `elsewhere`
holds photos of another origin, to show what thresholds mean there. The share that is held for review or refused is
printed by kind of damage; then the share that is refused, and how often the reason is the right one.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import impasto
from impasto.errors import StyleFileError
from impasto.gate.breaking import CONTENT_DAMAGES, FAILURE_OF
from impasto.gate.calibration import GOOD, Sample, calibrate, make_samples
from impasto.gate.evidence import Expectation
from impasto.gate.gate import Gate
from impasto.gate.judge import NO_VERDICT, Judge
from impasto.gate.reasons import find_reason
from impasto.gate.scoring import suspicions
from impasto.media.files import find_pictures
from impasto.media.image_read import read_thumbnail_srgb
from impasto.style.file import StyleFile, load_style
from impasto.style.manifest import GateModel

SIDE = 512
NUM_TIMED = 20

Pictures = list[NDArray[np.uint8]]
Rates = dict[str, tuple[float, float, float]]


def read(paths: Sequence[Path]) -> Pictures:
    return [read_thumbnail_srgb(path, SIDE) for path in paths]


def measure(samples: Sequence[Sample], model: GateModel, has_content: bool) -> Rates:
    """Return by kind: what was found, what was refused, and the share of what was found with the right reason."""
    scale = model.beside if has_content else model.alone
    expectation = Expectation(np.array(model.expected)) if has_content else None
    num, found, refused, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for sample in samples:
        if not has_content and (sample.kind in CONTENT_DAMAGES or FAILURE_OF.get(sample.kind) == "faces"):
            continue
        numbers = sample.evidence.numbers(expectation)
        suspected = suspicions(scale, numbers)
        worst = max(suspected.values())
        num[sample.kind] += 1
        if worst > scale.review:
            found[sample.kind] += 1
            refused[sample.kind] += worst > scale.refuse
            right[sample.kind] += find_reason(scale, suspected, numbers)[0] == FAILURE_OF.get(sample.kind)
    return {
        kind: (found[kind] / count, refused[kind] / count, right[kind] / max(1, found[kind]))
        for kind, count in num.items()
    }


def show(title: str, rates: Rates) -> None:
    print(f"\n{title}")
    for kind, (found, refused, right) in rates.items():
        reason = "" if kind == GOOD else f"   reason right {right:6.1%}"
        print(f"  {kind:15s} found {found:6.1%}   refused {refused:6.1%}{reason}")
    broken = [found for kind, (found, _, _) in rates.items() if kind != GOOD]
    print(f"  all that is broken {np.mean(broken):.1%}; false alarms {rates[GOOD][0]:.1%}")


def seconds_per_picture(gate: Gate, outputs: Pictures, contents: Pictures) -> tuple[float, float]:
    started = time.process_time()
    for output in outputs:
        gate.judge(output)
    middle = time.process_time()
    for output, content in zip(outputs, contents, strict=True):
        gate.judge(output, content)
    return (middle - started) / len(outputs), (time.process_time() - middle) / len(outputs)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--elsewhere", type=Path)
    parser.add_argument("--calibrate-on", type=int, default=40)
    parser.add_argument("--test-on", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    style, file = impasto.load(options.style), load_style(options.style)
    discriminator = file.discriminator
    if discriminator is None:
        raise StyleFileError(NO_VERDICT)
    random = np.random.default_rng(options.seed)
    paths = [Path(path) for path in random.permutation([str(path) for path in find_pictures([options.photos])])]
    contents = read(paths[: options.calibrate_on + options.test_on])
    outputs = [style.apply(content) for content in contents]
    # The first references of a training are not those that it keeps for validation; which ones does not matter here.
    references = read(find_pictures([options.references])[::3][: options.calibrate_on])
    first, rest = slice(None, options.calibrate_on), slice(options.calibrate_on, None)
    started = time.process_time()
    model = calibrate(discriminator, references, contents[first], outputs[first], options.seed)
    print(f"calibrated on {model.num_pictures} in {time.process_time() - started:.1f} s of one core")
    judge = Judge(discriminator)
    tested = {"unseen photos": list(make_samples(judge, [], contents[rest], outputs[rest], options.seed + 1))}
    if options.elsewhere:
        other = read(find_pictures([options.elsewhere])[:: max(1, len(find_pictures([options.elsewhere])) // 40)][:40])
        made = [style.apply(content) for content in other]
        tested["photos of another origin"] = list(make_samples(judge, [], other, made, options.seed + 2))
    results: dict[str, Rates] = {}
    for where, samples in tested.items():
        for has_content in (True, False):
            title = f"{where}, {'with' if has_content else 'without'} content"
            results[title] = measure(samples, model, has_content)
            show(title, results[title])
    manifest = file.manifest.model_copy(update={"gate": model})
    gate = Gate(StyleFile(manifest, file.generator, discriminator))
    alone, beside = seconds_per_picture(gate, outputs[-NUM_TIMED:], contents[-NUM_TIMED:])
    print(f"\nper picture of {SIDE} pixels: {alone * 1000:.0f} ms, with content {beside * 1000:.0f} ms, of one core")
    print(f"the gate takes {len(model.model_dump_json()) / 1000:.0f} kB; peak memory {peak_megabytes():.0f} MB")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
