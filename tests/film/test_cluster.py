"""Jobs on a cluster, without one: what is sent to whom, what is done again, and what is said when it goes wrong."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import JobError, MissingExtraError, OutputError
from impasto.film import cluster_node, ray_cluster
from impasto.film.cluster import MAX_LOSSES, Demand, LossError, demand_of
from impasto.film.cluster_node import TOKEN_NAME, Failed, Finished, Lost, Wanted
from impasto.film.plan import PlannedUnit, SourceIdentity

from .conftest import Run
from .fake_cluster import FakeCluster
from .films import assert_all_else_is_kept, job_folder, keep_digests, short_film

NUM_UNITS = 6
SIGHTS = [frozenset(), frozenset(("folder",)), frozenset(("source",)), frozenset(("folder", "source"))]


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where machines keep their copies."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(cluster_node.tempfile, "gettempdir", lambda: str(folder))
    return folder


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster that `--cluster fake` finds."""
    cluster = FakeCluster()

    @contextmanager
    def open_fake(address: str) -> Iterator[FakeCluster]:
        assert address == "fake"
        yield cluster

    monkeypatch.setattr(ray_cluster, "check_cluster", lambda address: address)
    monkeypatch.setattr(ray_cluster, "open_cluster", open_fake)
    return cluster


@pytest.fixture
def apply(run: Run, pale: str, brush: str, film: Path, small_units: None, fake: FakeCluster) -> Callable[..., Any]:
    def do(*words: object, style: str = "pale", output: str = "out.mp4", code: int = 0) -> Any:
        return run("apply", film, "-s", style, "-o", output, "--cluster", "fake", *words, code=code)

    return do


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    return keep_digests(monkeypatch)


@pytest.mark.parametrize("style", ["pale", "brush"])
@pytest.mark.parametrize("sees", SIGHTS, ids=lambda sees: "+".join(sorted(sees)) or "nothing")
def test_frames_are_those_of_one_machine(
    run: Run, apply: Any, fake: FakeCluster, film: Path, kept: Any, sees: frozenset[str], style: str, copies: Path
) -> None:
    run("apply", film, "-s", style, "-o", "alone.mp4")
    fake.sees = sees
    result = apply(style=style)
    assert kept[0] == kept[1]
    assert result.stderr == ""
    assert_all_else_is_kept(film, "out.mp4")
    wanted = [outcome.what for outcome in fake.outcomes if isinstance(outcome, Wanted)]
    assert set().union(*wanted) == {"folder", "source"} - sees
    assert not list(copies.iterdir())
    assert bool(fake.forgotten) == (len(sees) < 2)


def test_who_sees_everything_is_sent_nothing(apply: Any, fake: FakeCluster) -> None:
    apply()
    assert len(fake.tasks) == NUM_UNITS
    assert len(fake.kept) == 1
    assert all(order.files is order.source_parts is None for _, order in fake.tasks)


def test_a_film_is_put_into_the_store_once_and_on_each_machine_once(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    fetch = cluster_node._Site._fetch_source
    monkeypatch.setattr(
        cluster_node._Site, "_fetch_source", lambda *given: [fetched.append(given[0].node), fetch(*given)]
    )
    fake.sees = frozenset(("folder",))
    apply()
    assert sorted(fetched) == ["a", "b"]
    assert len({order.source_parts for _, order in fake.tasks if order.source_parts}) == 1


def test_units_come_with_the_luts_of_what_they_show_only(
    run: Run, fake: FakeCluster, pale: str, small_units: None
) -> None:
    short_film("film.mp4", frames=64, cuts=(8, 16, 24, 32, 40, 48, 56))
    fake.sees = frozenset(("source",))
    run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--cluster", "fake")
    last = next(order for _, order in fake.tasks if order.unit.start == 56 and order.files)
    sent = {name: content for part in last.files or () for name, content in fake.get(part)}
    shown = json.loads(sent["plan.json"])["shots"][-1]["index"]
    assert shown > 2
    assert sorted(name for name in sent if name.startswith("luts/")) == [f"luts/{n:06}.npy" for n in (0, 1, shown)]
    assert {"plan.json", "index.npz", "styles/0.style"} < set(sent)


def test_a_mask_goes_along(
    run: Run, apply: Any, fake: FakeCluster, film: Path, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :40] = 255
    Image.fromarray(mask).save("mask.png")
    run("apply", film, "-s", "pale", "-o", "alone.mp4", "--where", "mask.png")
    fake.sees = frozenset()
    do_unit = cluster_node._Site.do

    def without_mask(*given: Any) -> Any:
        Path("mask.png").rename("hidden.png")
        try:
            return do_unit(*given)
        finally:
            Path("hidden.png").rename("mask.png")

    monkeypatch.setattr(cluster_node._Site, "do", without_mask)
    apply("--where", "mask.png")
    assert kept[0] == kept[1]


def test_a_finish_is_the_same_on_every_machine(run: Run, apply: Any, fake: FakeCluster, film: Path, kept: Any) -> None:
    words = ("--finish", "grain,weave,scratches:4,dust")
    run("apply", film, "-s", "pale", "-o", "alone.mp4", *words)
    fake.sees = frozenset()
    apply(*words)
    assert kept[0] == kept[1]


def test_no_more_is_given_out_than_twice_what_there_is_room_for(apply: Any, fake: FakeCluster) -> None:
    fake.slots = 1
    apply()
    assert fake.most_waiting == 2


def test_a_cluster_without_room_is_asked_all_the_same(apply: Any, fake: FakeCluster) -> None:
    fake.slots = 0
    result = apply()
    assert "No machine of the cluster has room for a unit (a core, 0.4 GB of memory). Waiting for one." in result.stderr


@pytest.mark.parametrize("blames_unit", [True, False])
def test_what_is_lost_is_done_again(
    run: Run, apply: Any, fake: FakeCluster, film: Path, kept: Any, blames_unit: bool
) -> None:
    run("apply", film, "-s", "pale", "-o", "alone.mp4")
    fake.strike = lambda number: LossError("it died", blames_unit=blames_unit) if number in (1, 3) else None
    result = apply()
    assert kept[0] == kept[1]
    assert result.stderr.count("A worker has died; frames ") == 2


def test_what_a_machine_lacks_since_another_died_is_sent_again(apply: Any, fake: FakeCluster, film: Path) -> None:
    fake.strike = lambda number: Lost("a part is gone") if number == 2 else None
    apply()
    assert_all_else_is_kept(film, "out.mp4")


def test_a_segment_that_is_lost_on_its_way_is_made_again(
    apply: Any, fake: FakeCluster, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.sees, fake.num_lost_parts = frozenset(), 2
    result = apply()
    assert result.stderr.count("A worker has died") == 2
    assert_all_else_is_kept(film, "out.mp4")


def test_a_unit_that_kills_whoever_does_it_ends_the_job(apply: Any, fake: FakeCluster) -> None:
    fake.strike = lambda number: LossError("out of memory", blames_unit=True)
    result = apply(code=2)
    assert "were lost 3 times (the last: out of memory)" in result.stderr
    assert "--resume" in result.stderr
    assert job_folder("out.mp4").exists()


def test_machines_that_go_away_are_forgiven_more_often(apply: Any, fake: FakeCluster) -> None:
    fake.slots = 0
    fake.strike = lambda number: LossError("gone", blames_unit=False) if number < MAX_LOSSES - 1 else None
    apply()
    fake.strike = lambda number: LossError("gone", blames_unit=False)
    assert f"lost {MAX_LOSSES} times" in apply("--overwrite", code=2).stderr


def test_what_a_machine_finds_wrong_ends_the_job_and_names_the_machine(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_node.platform, "node", lambda: "render-7")
    monkeypatch.setattr(cluster_node, "take_apart", lambda *given: (_ for _ in ()).throw(OSError(28, "No space")))
    fake.sees = frozenset()
    assert "On render-7: OSError" in apply(code=2).stderr
    assert fake.cancelled


def test_an_interrupted_job_goes_on_on_this_machine(run: Run, apply: Any, fake: FakeCluster, film: Path) -> None:
    fake.strike = lambda number: Failed(OutputError("The disk is full.")) if number == 3 else None
    assert "go on with --resume" in apply(code=2).stderr
    done = len(list((job_folder("out.mp4") / "units").glob("[0-9]*.json")))
    assert done == 3
    run("apply", film, "-s", "pale", "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_machine_of_another_version_is_refused(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_node, "__version__", "0.0.9")
    assert "Impasto 0.0.9 is installed here, the job is of " in apply(code=2).stderr


def test_a_machine_that_would_paint_by_another_runtime_is_refused(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.api.film_style import AppliedStyle

    describe = AppliedStyle.describe
    do = cluster_node._Site.do

    def elsewhere(*given: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(AppliedStyle, "describe", lambda style: describe(style) | {"runtime": "cuda"})
            return do(*given)

    monkeypatch.setattr(cluster_node._Site, "do", elsewhere)
    assert "runtime is cuda, not " in apply(style="brush", code=2).stderr


def test_a_film_that_is_not_the_same_is_not_taken_for_it(apply: Any, fake: FakeCluster, film: Path, kept: Any) -> None:
    """Machines may have another film of that name."""
    other = short_film("other.mp4", seed=3)
    do_unit = FakeCluster.outcome

    def outcome(self: FakeCluster, given: int) -> Any:
        shutil.copy(film, "kept.mp4")
        shutil.copy(other, film)
        try:
            return do_unit(self, given)
        finally:
            shutil.copy(Path("kept.mp4"), film)

    fake.outcome = outcome.__get__(fake)  # type: ignore[method-assign]
    apply()
    assert any(isinstance(each, Wanted) for each in fake.outcomes)
    apply_alone = kept[0]
    fake.outcome = do_unit.__get__(fake)  # type: ignore[method-assign]
    apply(output="again.mp4")
    assert kept[1] == apply_alone


def test_a_stale_copy_of_the_folder_is_not_taken_for_it(apply: Any, fake: FakeCluster, film: Path) -> None:
    def forge(number: int) -> None:
        (job_folder("out.mp4") / TOKEN_NAME).write_text("of an older run")

    fake.strike = forge
    apply()
    assert_all_else_is_kept(film, "out.mp4")
    assert all(outcome.parts for outcome in fake.outcomes if isinstance(outcome, Finished))


def test_a_folder_of_copies_of_another_user_is_refused(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.sees = frozenset()
    monkeypatch.setattr(cluster_node.os, "getuid", lambda: 12345)
    assert "belongs to another user" in apply(code=2).stderr


def test_copies_are_for_their_owner_alone(apply: Any, fake: FakeCluster, copies: Path) -> None:
    modes = []
    forget = FakeCluster.forget

    def look_first(key: str) -> None:
        modes.extend(path.stat().st_mode & 0o777 for path in copies.iterdir())
        forget(fake, key)

    fake.sees = frozenset()
    fake.forget = look_first  # type: ignore[method-assign]
    apply()
    assert modes == [0o700, 0o700]


def test_pictures_of_a_sequence_must_be_seen(run: Run, pale: str, home: Path, fake: FakeCluster) -> None:
    Path("shots").mkdir()
    for number in range(3):
        Image.new("RGB", (32, 24), (40 * number, 90, 60)).save(f"shots/{number:04}.png")
    run("apply", "shots/%04d.png", "-s", pale, "-o", "out/%04d.png", "--cluster", "fake")
    assert len(list(Path("out").glob("*.png"))) == 3
    fake.sees = frozenset(("source",))
    run("apply", "shots/%04d.png", "-s", pale, "-o", "more/%04d.png", "--cluster", "fake")
    for path in Path("out").iterdir():
        assert path.read_bytes() == (Path("more") / path.name).read_bytes()
    fake.sees = frozenset(("folder",))
    result = run("apply", "shots/%04d.png", "-s", pale, "-o", "none/%04d.png", "--cluster", "fake", code=2)
    assert "is not seen by every machine. Put sequences where all see them." in result.stderr


def test_what_others_wrote_is_waited_for_and_missed(
    apply: Any, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.film import cluster
    from impasto.film.folder import JobFolder

    record_of, asked = JobFolder.record_of, []

    def late(folder: JobFolder, unit: PlannedUnit) -> Any:
        asked.append(unit.index)
        return record_of(folder, unit) if asked.count(unit.index) > 2 else None

    monkeypatch.setattr(JobFolder, "record_of", late)
    apply()
    monkeypatch.setattr(cluster, "_SHOW_SECONDS", 0.3)
    monkeypatch.setattr(JobFolder, "record_of", lambda folder, unit: None)
    assert "does not show what others wrote" in apply(output="never.mp4", code=2).stderr


@pytest.mark.parametrize(
    ("runtime", "num_gpus"), [("cuda", 1), ("openvino-bf16", 0), ("", 0)], ids=["gpu", "cpu", "look"]
)
def test_who_plans_with_a_gpu_wants_one_for_each_worker(runtime: str, num_gpus: int, film: Path) -> None:
    from impasto.film.medium import FilmMedium
    from impasto.film.plan import FilmPlan, PlannedShot
    from impasto.media.film_encoding import Encoding

    plan = FilmPlan(
        impasto_version="0",
        source=SourceIdentity(path="", size=1, modified_ns=1, digest=""),
        request={"runtime": runtime},
        shots=(PlannedShot(index=0, start=0, stop=4),),
        units=(PlannedUnit(index=0, start=0, stop=4),),
    )
    demand = demand_of(plan, FilmMedium(film, Path("out.mp4"), Encoding()))
    assert (demand.num_cpus, demand.num_gpus) == (1, num_gpus)
    assert demand.memory > 96 * 64 * 1.5 * 50


def test_room_is_what_is_scarcest() -> None:
    machine = {"CPU": 16.0, "GPU": 2.0, "memory": 9.5e9}
    assert ray_cluster.room_for(Demand(), machine) == 16
    assert ray_cluster.room_for(Demand(memory=1_000_000_000), machine) == 9
    assert ray_cluster.room_for(Demand(num_gpus=1, memory=1_000_000_000), machine) == 2
    assert ray_cluster.room_for(Demand(num_gpus=1), {"CPU": 16.0}) == 0


def test_without_ray_the_extra_is_named(run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[cluster\]"):
        ray_cluster.check_cluster("auto")
    result = run("apply", film, "-s", pale, "-o", "out.mp4", "--cluster", "auto", code=2)
    assert 'pip install "impasto[cluster]"' in result.stderr
    assert not job_folder("out.mp4").exists()


@pytest.mark.parametrize("address", ["ray://127.0.0.1:1", "ray://127.0.0.1:port", "ray://127.0.0.1:99999999"])
def test_a_cluster_that_does_not_answer(address: str) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'impasto[cluster]'")
    with pytest.raises(JobError, match="No Ray cluster answers at ray://"):
        ray_cluster.check_cluster(address)


def test_a_machine_in_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'impasto[cluster]'")
    from ray._private import services

    def none(address: str) -> str:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(services, "canonicalize_bootstrap_address_or_die", none)
    with pytest.raises(JobError, match="in no Ray cluster"):
        ray_cluster.check_cluster("auto")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--jobs", 2), "--jobs is for this machine"),
        (("--preview", "2s"), "Leave --cluster out"),
        (("--stills", 3), "Leave --cluster out"),
    ],
)
def test_what_goes_not_with_a_cluster(apply: Any, words: tuple[object, ...], message: str) -> None:
    assert message in apply(*words, code=2).stderr
