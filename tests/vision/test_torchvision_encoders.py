"""What is made of torchvision's networks; a small one of the same build stands in where it is not installed."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.errors import MissingExtraError, UnreadableMediaError, UsageError
from impasto.vision import torchvision_encoders
from impasto.vision.encoders import load_encoder
from impasto.vision.feature_maps import FeatureMaps
from impasto.vision.staged_network import IMAGENET_DEVIATION, IMAGENET_MEAN

RESNET_WIDTHS = (256, 512, 1024, 2048)
ADDRESS = "https://weights.test/network.pth"


def halving(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class SmallResNet(nn.Module):
    """Parts with the names, strides and widths of ResNet-50, and one convolution in each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(nn.Conv2d(64, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU())
        self.layer2, self.layer3, self.layer4 = (halving(width, 2 * width) for width in RESNET_WIDTHS[:3])
        self.fc = nn.Linear(2048, 1000)

    def forward(self, images: Tensor) -> list[Tensor]:
        hidden = (images - torch.tensor(IMAGENET_MEAN)[:, None, None]) / torch.tensor(IMAGENET_DEVIATION)[:, None, None]
        hidden = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(hidden)))))
        maps = [hidden]
        for layer in (self.layer2, self.layer3, self.layer4):
            maps.append(layer(maps[-1]))
        return maps


def trained(seed: int = 0) -> SmallResNet:
    """Return a network whose batch norms do something."""
    torch.manual_seed(seed)
    network = SmallResNet()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


class Fetched:
    """Weights as torchvision offers them."""

    url = ADDRESS

    def __init__(self, state: dict[str, Tensor] | None) -> None:
        self.state = state
        self.asked: list[dict[str, Any]] = []

    def get_state_dict(self, **options: Any) -> dict[str, Tensor]:
        self.asked.append(options)
        if self.state is None:
            raise OSError("no network")
        return self.state


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Fetched:
    """A torchvision whose ResNet-50 is the small one."""
    weights = Fetched(dict(trained().state_dict()))
    models = ModuleType("torchvision.models")
    models.resnet50 = lambda weights: SmallResNet()  # type: ignore[attr-defined]
    models.ResNet50_Weights = SimpleNamespace(IMAGENET1K_V1=weights)  # type: ignore[attr-defined]
    torchvision = ModuleType("torchvision")
    torchvision.models = models  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return weights


def agrees(found: list[Tensor], expected: list[Tensor]) -> bool:
    return all(torch.allclose(one, other, atol=1e-3, rtol=1e-3) for one, other in zip(found, expected, strict=True))


def test_the_stages_are_the_layers_of_the_network(offered: Fetched) -> None:
    images = torch.rand(2, 3, 64, 96)
    encoder = load_encoder("resnet50")
    with torch.no_grad():
        assert agrees(encoder(images), trained()(images)), "batch norms are folded, and change nothing"
    assert encoder.num_channels == RESNET_WIDTHS
    assert [features.shape[2:] for features in encoder(images)] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_what_is_fetched_is_checked_against_its_hash(offered: Fetched) -> None:
    load_encoder("resnet50")
    assert [options["check_hash"] for options in offered.asked] == [True]


def test_a_file_is_read_instead_and_nothing_is_fetched(offered: Fetched, tmp_path: Path) -> None:
    torch.save(trained(seed=5).state_dict(), tmp_path / "resnet.pth")
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert agrees(load_encoder(f"resnet50:{tmp_path / 'resnet.pth'}")(images), trained(seed=5)(images))
        assert not agrees(load_encoder("resnet50")(images), trained(seed=5)(images))
    assert len(offered.asked) == 1


def test_without_a_network_the_address_is_named(offered: Fetched) -> None:
    offered.state = None
    with pytest.raises(UnreadableMediaError, match=rf"could not fetch {ADDRESS} \(no network\).*ENCODER:PATH"):
        load_encoder("resnet50")


def test_weights_of_another_network_are_refused(offered: Fetched, tmp_path: Path) -> None:
    state = trained().state_dict()
    torch.save(OrderedDict((name, value) for name, value in state.items() if "layer3" not in name), tmp_path / "a.pth")
    torch.save(state | {"layer1.0.weight": torch.zeros(256, 32, 1, 1)}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        with pytest.raises(UsageError, match=f"{name} holds weights of another network"):
            load_encoder(f"resnet50:{tmp_path / name}")


def test_its_features_come_as_arrays(offered: Fetched) -> None:
    maps = FeatureMaps("resnet50")(np.random.default_rng(0).random((96, 128, 3), np.float32))
    assert [features.shape for features in maps] == [(256, 24, 32), (512, 12, 16), (1024, 6, 8), (2048, 3, 4)]


def test_a_torchvision_of_another_torch_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaks:
        """Fails as the import of such a torchvision does."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.startswith("torchvision"):
                raise RuntimeError("operator torchvision::nms does not exist")

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Breaks(), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=r"does not fit the torch that is installed.*nms"):
        torchvision_encoders._torchvision_models()
