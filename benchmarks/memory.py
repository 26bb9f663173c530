"""Peak memory of applying a style to a 100-megapixel JPEG; must stay under 3 GB.

    python benchmarks/memory.py [--jobs 1] [--style STYLE]

The work runs in a child process, whose peak resident size (Linux) is printed beside that of importing everything.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import skimage
from lut_speed import generator
from PIL import Image

WIDTH, HEIGHT = 12_240, 8_160
LIMIT_BYTES = 3 * 10**9
CHILD = """
import sys
from pathlib import Path
from impasto.apply.look import LookStylizer
from impasto.apply.run import ApplyOptions, apply_to_files
from impasto.style.runtime import OnnxRuntime
from impasto.apply.stylizer import State
from impasto.media.frame import Frame
import numpy

def peak():
    # Not getrusage: its peak starts with that of the process that was forked.
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

folder, jobs = Path(sys.argv[1]), int(sys.argv[2])
model = (folder / "generator.onnx").read_bytes()
if sys.argv[3]:
    import impasto
    stylizer = impasto.load(sys.argv[3]).stylizer(runtime="onnx")
else:
    stylizer = LookStylizer(OnnxRuntime(model, 2), padded=True)
stylizer(Frame(numpy.zeros((64, 64, 3), numpy.uint8)), State())
print(peak())
pairs = [(folder / "in.jpg", folder / f"out{k}.jpg") for k in range(jobs)]
report = apply_to_files(pairs, lambda: stylizer, ApplyOptions(jobs=jobs))
assert not report.failed, report.failed
print(peak())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--style", default="", help="a style file or an installed style; default: a look that is made up"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(skimage.data.astronaut()).resize((WIDTH, HEIGHT)).save(Path(folder, "in.jpg"), quality=90)
        Path(folder, "generator.onnx").write_bytes(generator(None)[1])
        command = [sys.executable, "-c", CHILD, folder, str(options.jobs), options.style]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    start, peak = (int(line) for line in output.split())
    megapixels = WIDTH * HEIGHT / 1e6
    print(f"imports and a tiny picture:            {start / 1e6:7.0f} MB")
    print(f"{megapixels:.0f} megapixels, {options.jobs} at once:           {peak / 1e6:7.0f} MB")
    print(f"bytes for each pixel in work:          {(peak - start) / (WIDTH * HEIGHT * options.jobs):7.1f}")
    if options.jobs == 1 and peak > LIMIT_BYTES:
        sys.exit(f"more than {LIMIT_BYTES / 1e9:.0f} GB")


if __name__ == "__main__":
    main()
