from __future__ import annotations

import pytest
import torch

from impasto.errors import UsageError
from impasto.vision.encoders import ENCODERS, load_encoder


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_every_encoder_keeps_the_contract(name: str) -> None:
    encoder = load_encoder(name)
    images = torch.rand(2, 3, 64, 96)
    features = encoder(images)
    assert len(features) == len(encoder.num_channels) == len(encoder.strides) == 4
    assert list(encoder.strides) == sorted(encoder.strides), "early to late"
    for feature, num_channels, stride in zip(features, encoder.num_channels, encoder.strides, strict=True):
        assert feature.shape == (2, num_channels, 64 // stride, 96 // stride)
        assert feature.isfinite().all()
    assert torch.equal(encoder(images)[0], features[0]), "no state, no chance"
    assert [len(encoder(images, num_stages=count)) for count in (1, 3)] == [1, 3]


def test_another_encoder_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        num_channels: tuple[int, ...] = ()
        strides: tuple[int, ...] = ()

        def __call__(self, images: torch.Tensor, num_stages: int = 4) -> list[torch.Tensor]:
            return []

    monkeypatch.setitem(ENCODERS, "nothing", Nothing)
    assert isinstance(load_encoder("nothing"), Nothing)


def test_an_unknown_encoder_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no encoder named 'vgg'; known: efficientnet-lite0"):
        load_encoder("vgg")
