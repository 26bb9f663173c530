"""What a classifier sees a picture with: frozen, fine-tuned, or learned from nothing. PyTorch comes when it looks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.errors import ClassifierFileError, MissingExtraError
from impasto.sorting.effort import Effort
from impasto.sorting.folds import Indices
from impasto.sorting.reading import Squares
from impasto.sorting.regression import Floats

if TYPE_CHECKING:
    from impasto.sorting.networks import Network

_BATCH_SIZE = 16


class Kind(StrEnum):
    """How a backbone came about."""

    FROZEN = "frozen"
    FINETUNED = "finetuned"
    SMALL = "small"


SIDES = {Kind.FROZEN: 224, Kind.FINETUNED: 192, Kind.SMALL: 64}
"""Side, in pixels, of the squares that each is shown."""


class Backbone:
    """Turns squares into features.

    Parameters
    ----------
    weights
        What was learned, by name; None for the encoder as it is shipped.
    """

    def __init__(self, kind: Kind, weights: dict[str, Floats] | None = None) -> None:
        self.kind = kind
        self.weights = weights
        self._network: Network | None = None

    @property
    def side(self) -> int:
        """Side of the squares that it is to be shown."""
        return SIDES[self.kind]

    @property
    def network(self) -> Network:
        """The network itself, made when it is first asked for.

        Raises
        ------
        MissingExtraError
            PyTorch, or the package that carries the encoder's weights, is not installed.
        ClassifierFileError
            The weights are of another network.
        """
        if self._network is None:
            self._network = self._load()
        return self._network

    def features(self, squares: Squares) -> Floats:
        """Return B×F of pictures B×S×S×3 sRGB uint8."""
        torch = _torch()
        from impasto.sorting.networks import pooled  # noqa: PLC0415

        # Loaded before: weights made in inference mode could not explain anything.
        network, parts = self.network, []
        with torch.inference_mode():
            for first in range(0, len(squares), _BATCH_SIZE):
                images = torch.from_numpy(np.ascontiguousarray(squares[first : first + _BATCH_SIZE]))
                parts.append(pooled(network.maps(images.permute(0, 3, 1, 2).float() / 255)).numpy())
        return np.concatenate(parts).astype(np.float32)

    def fitted(self, squares: Squares, targets: Indices, weights: Floats, effort: Effort) -> Backbone:
        """Return a backbone that was learned on these pictures; a frozen one is itself.

        Parameters
        ----------
        targets, weights
            Class and weight of each; those of weight 0 are not looked at.
        """
        if self.kind is Kind.FROZEN:
            return self
        _torch()
        from impasto.sorting.fitting import fit_network  # noqa: PLC0415

        used = weights > 0
        learned = fit_network(Backbone(self.kind).network, squares[used], targets[used], weights[used], effort)
        # As they will lie in the file, so that what is measured is what is saved.
        halves = {name: value.astype(np.float16).astype(np.float32) for name, value in learned.items()}
        return Backbone(self.kind, halves)

    def _load(self) -> Network:
        torch = _torch()
        from impasto.sorting.networks import EncoderNetwork, SmallNetwork, fill  # noqa: PLC0415

        with torch.random.fork_rng(devices=[]):  # its first weights are chance, which is the caller's to keep
            network: Any = SmallNetwork() if self.kind is Kind.SMALL else EncoderNetwork()
        network.eval()
        if self.weights is not None:
            tensors = {name: torch.from_numpy(value.astype(np.float32)) for name, value in self.weights.items()}
            if not fill(network, tensors):
                raise ClassifierFileError("The classifier's network has weights of another one: get it again.")
        return network  # type: ignore[no-any-return]


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("Sorting looks at pictures with PyTorch: pip install 'impasto[learn]'") from error
    return torch
