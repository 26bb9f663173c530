"""Reasons in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from impasto.gate.evidence import ARTEFACTS, CONTENT, FACES, STYLE
from impasto.gate.scoring import added_by_signs
from impasto.style.manifest import GateScale

WORDS = {STYLE: "not in style", CONTENT: "content lost", ARTEFACTS: "artefacts", FACES: "face damaged"}
_PLAIN, _CERTAIN = 0.5, 0.8
"""Shares of its typical suspicion at which a failure is beyond doubt."""

_DETAILS: tuple[tuple[str, str, str], ...] = (
    # What the name of a number starts with, and what it means when it is too high and too low.
    ("artefacts.sharpness", "over-sharp or noisy", "blurred"),
    ("artefacts.noise", "noisy", "detail smoothed away"),
    ("artefacts.color_noise", "noisy colours", ""),
    ("artefacts.grid", "blocks or a grid", ""),
    ("artefacts.blocks", "blocks or a grid", ""),
    ("artefacts.flatness", "flat patches", "grain all over"),
    ("artefacts.steps", "bands", ""),
    ("artefacts.edges", "", "edges changed"),
    ("artefacts.unexplained", "not explained by a change of colours", ""),
    ("style.clipped_bright", "lights clipped", ""),
    ("style.clipped_dark", "shadows clipped", ""),
    ("style.clipped_color", "colours clipped", ""),
    ("style.moved", "changed too much", "hardly changed"),
    ("style.contrast", "too much contrast", "too little contrast"),
    ("style.L_deviation", "too much contrast", "too little contrast"),
    ("style.colorfulness", "too colourful", "too pale"),
    ("style.chroma", "too colourful", "too pale"),
    ("style.L_", "too bright", "too dark"),
    ("style.off_L", "too bright", "too dark"),
    ("style.off_shadows_L", "shadows too bright", "shadows too dark"),
    ("style.off_lights_L", "lights too bright", "lights too dark"),
    ("style.a_mean", "too red", "too green"),
    ("style.b_mean", "too yellow", "too blue"),
    ("style.off_a", "too red", "too green"),
    ("style.off_b", "too yellow", "too blue"),
    ("style.off_shadows_a", "shadows too red", "shadows too green"),
    ("style.off_shadows_b", "shadows too yellow", "shadows too blue"),
    ("style.off_lights_a", "lights too red", "lights too green"),
    ("style.off_lights_b", "lights too yellow", "lights too blue"),
    ("style.off", "colours are not this style's", ""),
    ("style.tint", "tinted", "tinted"),
    ("style.logits", "", "unlike the references"),
    ("faces.lost", "a face is no longer found", ""),
    ("faces", "features changed", "features lost"),
)


_VAGUE = re.compile(r"artefacts\.(edges|unexplained)|style\.(logits|tint|off$)")
_VAGUE_WEIGHT = 0.05


def find_reason(scale: GateScale, found: Mapping[str, float], numbers: Mapping[str, float]) -> tuple[str, str]:
    """Return the failure that is to blame, and it in words with the strongest sign of it.

    Damage of one kind raises other suspicions, too. To blame is what is most like its typical self; but content that
    is lost, or a face that is damaged beyond doubt, comes before what else shows then.
    """
    share = {group.failure: found[group.failure] / group.typical for group in scale.groups if group.failure in found}
    raised = {failure: value for failure, value in share.items() if found[failure] > scale.review}
    plain = {failure: raised[failure] for failure in (CONTENT, FACES) if raised.get(failure, 0) >= _PLAIN}
    if plain.get(CONTENT, 0) >= _CERTAIN:
        plain = {CONTENT: 1.0}
    failure = max(plain or raised, key=raised.__getitem__)
    group = next(group for group in scale.groups if group.failure == failure)
    detail = _strongest_detail(added_by_signs(group, numbers, scale.farthest))
    words = WORDS.get(failure, failure)
    return failure, f"{words}: {detail}" if detail else words


def _strongest_detail(added: Mapping[str, tuple[float, bool]]) -> str:
    """Say what adds most; what could mean anything only where nothing else adds much."""
    weights = {
        name: value * (_VAGUE_WEIGHT if _VAGUE.match(name) else 1.0)
        for name, (value, is_high) in added.items()
        if value > 0 and _detail(name, is_high)
    }
    if not weights:
        return ""
    name = max(weights, key=weights.__getitem__)
    return _detail(name, added[name][1])


def _detail(name: str, is_high: bool) -> str:
    return next((high if is_high else low for start, high, low in _DETAILS if name.startswith(start)), "")
