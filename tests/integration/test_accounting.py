"""What is refused leaves nothing, what was received twice changes nothing, and a package is what its holder signed."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hubs import Holder, new_holder, packed
from support.kept import kept_by
from support.plain import write_delivery

from egide.crypto.age import new_age_identity
from egide.crypto.identity import write_identity
from egide.crypto.sign import SigningKey
from egide.journey.holder import new_domain_secret, pseudonymise
from egide.journey.intake import deliver
from egide.journey.make import hospital, synth
from egide.journey.start import add_holder, card
from egide.model.canonical import canonical
from egide.model.errors import BadInput, Denied, HubError, Tampered
from egide.model.event import EventKind
from egide.model.records import DeliveryRow
from egide.stages.arrive import read_manifest
from egide.stages.arrive.synthetic import sign_synthetic
from egide.synth.hospital import nir_key
from egide.wiring import Hub

SAMPLES = Path(__file__).parents[1] / "data" / "snds_samples"
ISO = {"delimiter": ",", "dates": "yyyy-MM-dd"}


@pytest.fixture(scope="module")
def holder(hub: Hub, place: Path) -> Holder:
    return new_holder(hub, "indsante", place)


def samples(folder: Path, id: str, tables: tuple[str, ...] = ("IR_BEN_R",)) -> Path:
    files = {f"{t}.csv": (t, (SAMPLES / f"{t}.csv").read_bytes()) for t in tables}
    return write_delivery(folder, files, id=id, holder="indsante", dialect=ISO)


def refused(hub: Hub, folder: Path, holder: str) -> HubError:
    """How a delivery is refused. Nothing of it stays: no object, no row, no temporary file, no event but a refusal."""
    before = kept_by(hub)
    with pytest.raises(HubError) as caught:
        deliver(hub, folder, holder)
    after = kept_by(hub)
    assert after.but_ledger() == before.but_ledger()
    return caught.value


def test_the_same_delivery_twice_changes_nothing(hub: Hub, place: Path, holder: Holder) -> None:
    synth(place / "synth", people=80, years=range(2020, 2021), seed=1, defects=0.001)
    package = packed(
        hub, holder, samples(place / "twice", "twice", ("IR_BEN_R", "ER_PRS_F")), place / "twice-package"
    )
    for folder, name in ((place / "synth", "cnam"), (package, "indsante")):
        first = deliver(hub, folder, name)
        before = kept_by(hub)
        again = deliver(hub, folder, name)
        assert (first.verdict, again.verdict) == ("accepted", "unchanged")
        assert again.snapshot == first.snapshot
        assert kept_by(hub) == before


def test_packed_again_it_is_still_the_same_delivery(hub: Hub, place: Path, holder: Holder) -> None:
    """Encryption is random, the manifest is not: what was signed and sent twice is known again."""
    before = kept_by(hub)
    package = packed(hub, holder, place / "twice", place / "twice-package-again")
    assert deliver(hub, package, "indsante").verdict == "unchanged"
    assert kept_by(hub) == before


def test_other_rows_under_a_known_id_are_refused(hub: Hub, place: Path, holder: Holder) -> None:
    other = samples(place / "other", "twice")
    assert (
        refused(hub, packed(hub, holder, other, place / "other-package"), "indsante").key
        == "delivery.other-content"
    )


def test_over_the_threshold_nothing_is_kept_but_the_event(hub: Hub, place: Path, tmp_path: Path) -> None:
    strict = new_holder(hub, "strict", tmp_path, threshold="0.2")
    lines = (SAMPLES / "IR_BEN_R.csv").read_bytes().splitlines(keepends=True)
    for bad, verdict in ((2, None), (3, "delivery.threshold")):
        data = b"".join([*lines, *(b"x,y\n" for _ in range(bad))])
        folder = write_delivery(
            tmp_path / f"in{bad}",
            {"IR_BEN_R.csv": ("IR_BEN_R", data)},
            id=f"t{bad}",
            holder="strict",
            dialect=ISO,
        )
        package = packed(hub, strict, folder, tmp_path / f"out{bad}")
        if verdict is None:
            assert deliver(hub, package, "strict").total("quarantined") == bad
            continue
        size = hub.records.ledger.size()
        assert refused(hub, package, "strict").key == verdict
        [leaf] = [leaf for _, leaf in hub.records.ledger.leaves(size, hub.records.ledger.size())]
        assert json.loads(leaf)["kind"] == EventKind.DELIVERY_REFUSED.value
        assert hub.records.get(DeliveryRow, "t3", "strict") is None


def test_a_dry_run_says_the_same_and_keeps_nothing(hub: Hub, tmp_path: Path) -> None:
    synth(tmp_path / "dry", people=70, years=range(2019, 2020), seed=2, defects=0.001)
    before = kept_by(hub)
    dry = deliver(hub, tmp_path / "dry", "cnam", dry_run=True)
    assert kept_by(hub).files == before.files
    assert kept_by(hub).rows == before.rows
    wet = deliver(hub, tmp_path / "dry", "cnam")
    assert dry.verdict == "dry-run" and wet.verdict == "accepted"
    assert dry.tables == wet.tables


def nirs(count: int) -> list[str]:
    bodies = [f"2{30 + n}0675{101 + n}999" for n in range(count)]
    return [body + nir_key(body) for body in bodies]


def test_a_delivery_with_social_security_numbers_is_refused_by_file_and_column(
    hub: Hub, place: Path, holder: Holder, tmp_path: Path
) -> None:
    lines = (SAMPLES / "IR_BEN_R.csv").read_text().splitlines()
    names = lines[0].split(",")
    for column in ("ASS_NIR_ANO", "BEN_NIR_PSA"):
        rows = [line.split(",") for line in lines[1:]]
        for row, nir in zip(rows, nirs(5), strict=False):
            row[names.index(column)] = nir
        data = "\n".join([lines[0], *(",".join(row) for row in rows)]).encode() + b"\n"
        folder = write_delivery(
            tmp_path / column,
            {"people.csv": ("IR_BEN_R", data)},
            id=f"nir-{column}",
            holder="indsante",
            dialect=ISO,
        )
        problem = refused(hub, packed(hub, holder, folder, tmp_path / f"{column}-out"), "indsante")
        assert (problem.key, problem.exit_code) == ("delivery.nir", 3)
        assert problem.facts == {"file": "people.csv", "column": column}
        for language in ("fr", "en"):
            told = problem.in_language(language)
            assert "people.csv" in told and column in told and not any(nir in told for nir in nirs(5))


def test_a_hospitals_register_never_enters_with_its_numbers(hub: Hub, tmp_path: Path) -> None:
    """Sent as it is, it is refused; through stage 1 it enters."""
    hospital(tmp_path / "register", patients=60, seed=3)
    chu = Holder("chu-exemple", tmp_path / "chu.json")
    write_identity(chu.identity, chu.name, SigningKey.generate())
    add_holder(hub, chu.name, "hospital", public_key=chu.key.verify_key.hex)
    assert refused(hub, tmp_path / "register", chu.name).key == "delivery.not-packaged"
    new_domain_secret(tmp_path / "secret")
    package = packed(hub, chu, tmp_path / "register", tmp_path / "package", tmp_path / "secret")
    report = deliver(hub, package, chu.name)
    assert report.verdict == "accepted" and report.data_class == "C2"
    assert report.total("rows_in") == report.total("accepted") > 60


def test_only_the_holders_key_and_this_hub_will_do(hub: Hub, holder: Holder, tmp_path: Path) -> None:
    folder = samples(tmp_path / "in", "keys")
    stranger = Holder("indsante", tmp_path / "stranger.json")
    problem = refused(hub, packed(hub, stranger, folder, tmp_path / "stranger"), "indsante")
    assert isinstance(problem, Tampered) and problem.exit_code == 5

    add_holder(hub, "keyless", "snds")
    package = packed(hub, holder, folder, tmp_path / "right")
    assert refused(hub, package, "keyless").key == "delivery.no-key"
    other = new_holder(hub, "other", tmp_path)
    assert isinstance(refused(hub, package, other.name), Tampered)
    assert refused(hub, package, "nobody").key == "delivery.holder-unknown"

    for name, change in {
        "recipient": {"recipient": new_age_identity()[1]},
        "hub": {"hub": "0" * 16},
    }.items():
        elsewhere = json.loads(card(hub)) | change
        out = tmp_path / name
        pseudonymise(
            folder, domain="snds", out=out, card=elsewhere, secret_file=None, identity=holder.identity
        )
        assert isinstance(refused(hub, out, "indsante"), (BadInput, Denied, Tampered)), name
    assert deliver(hub, package, "indsante").verdict == "accepted"


Harm = Callable[[Path, random.Random], None]


def flipped(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    path.write_bytes(bytes(data))


def cut(path: Path, source: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: source.randrange(len(data))])


def extended(path: Path, source: random.Random) -> None:
    path.write_bytes(path.read_bytes() + source.randbytes(source.choice([1, 16, 70_000])))


def removed(path: Path, source: random.Random) -> None:
    path.unlink()


def swapped(path: Path, source: random.Random) -> None:
    other = source.choice([p for p in path.parent.iterdir() if p.name != path.name])
    mine = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(mine)


def linked(path: Path, source: random.Random) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def test_a_package_altered_on_its_way_is_refused(hub: Hub, holder: Holder, tmp_path: Path) -> None:
    source = random.Random(9)
    whole = packed(hub, holder, samples(tmp_path / "in", "way"), tmp_path / "whole")
    files = sorted(p.name for p in whole.iterdir())
    for number in range(60):
        harm: Harm = (flipped, cut, extended, removed, swapped, linked)[number % 6]
        name = files[number // 6 % len(files)]
        if harm is linked and name == "package.json":
            continue
        package = shutil.copytree(whole, tmp_path / f"{number}")
        harm(package / name, source)
        assert refused(hub, package, "indsante").exit_code in (1, 3, 5), (harm.__name__, name)
    assert deliver(hub, whole, "indsante").verdict == "accepted"


def test_a_package_signed_anew_around_other_bytes_is_refused(
    hub: Hub, holder: Holder, tmp_path: Path
) -> None:
    """Even with the holder's key: every byte of the ciphertext is authenticated to the hub's own age identity."""
    whole = packed(hub, holder, samples(tmp_path / "in", "anew"), tmp_path / "whole")
    envelope = json.loads((whole / "package.json").read_text())
    source = random.Random(10)
    for number in range(12):
        package = shutil.copytree(whole, tmp_path / f"{number}")
        document = json.loads(json.dumps(envelope["manifest"]))
        listed = document["files"][number % len(document["files"])]
        flipped(package / listed["name"], source)
        listed["sha256"] = hashlib.sha256((package / listed["name"]).read_bytes()).hexdigest()
        signed = {**envelope, "manifest": document, "signature": holder.key.sign(canonical(document)).hex()}
        (package / "package.json").write_bytes(canonical(signed))
        assert refused(hub, package, "indsante").exit_code in (1, 3, 5)


def test_synthetic_data_must_be_what_the_generator_signed(hub: Hub, tmp_path: Path) -> None:
    synth(tmp_path / "out", people=60, years=range(2021, 2022), seed=4)
    target = tmp_path / "out" / "IR_BEN_R.csv"
    right = target.read_bytes()
    target.write_bytes(right.replace(b";1;", b";2;", 1))
    assert refused(hub, tmp_path / "out", "cnam").key == "delivery.hash"
    target.write_bytes(right)
    manifest = tmp_path / "out" / "delivery.toml"
    signed = manifest.read_text()
    manifest.write_text(signed + "\n# a word more\n")
    assert refused(hub, tmp_path / "out", "cnam").key == "delivery.generator-broken"
    manifest.write_text(signed)
    sign_synthetic(tmp_path / "out", read_manifest(tmp_path / "out"), {}, SigningKey.generate())
    assert refused(hub, tmp_path / "out", "cnam").key == "delivery.generator-unknown"
