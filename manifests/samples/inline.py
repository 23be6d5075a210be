"""Write specs into the samples that hold them inline.

A sample marks the place with `# inline: PATH…`, paths from the top of the repository; what follows up to `# end` is
written anew from those files. `python manifests/samples/inline.py` writes, with `--check` it only says what differs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[1]
PLACE = re.compile(r"^(?P<indent> *)# inline: (?P<paths>.*)\n(?P<body>(?:.*\n)*?)(?P=indent)# end\n", re.MULTILINE)


def written(text: str) -> str:
    """A sample with its specs as the files have them."""
    return PLACE.sub(_place, text)


def _place(match: re.Match[str]) -> str:
    indent, paths = match["indent"], match["paths"].split()
    body = "".join(_file(TOP / path, indent) for path in paths)
    return f"{indent}# inline: {match['paths']}\n{body}{indent}# end\n"


def _file(path: Path, indent: str) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    block = "".join(f"{indent}  {line}\n" if line else "\n" for line in lines)
    return f"{indent}{path.name}: |\n{block}"


def main(check: bool) -> int:
    """Write the samples, or (`check`) name those that differ; the exit status."""
    stale = []
    for sample in sorted(HERE.rglob("*.yaml")):
        text = sample.read_text(encoding="utf-8")
        if written(text) != text:
            stale.append(sample)
            if not check:
                sample.write_text(written(text), encoding="utf-8")
    for sample in stale:
        print(f"{sample.relative_to(TOP)}: {'differs from its specs' if check else 'written'}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
