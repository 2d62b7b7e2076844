"""A delivery's files and packages are what their lists say, or nothing of them is used."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from egide.crypto.age import new_age_identity
from egide.crypto.sign import SigningKey
from egide.model.canonical import canonical
from egide.model.delivery import DeliveredFile, Delivery, Dialect
from egide.model.errors import BadInput, Denied, HubError, Tampered
from egide.stages.arrive import open_file, verify_files
from egide.stages.arrive.manifest import parse_manifest, write_manifest
from egide.stages.arrive.package import NAME, OpenedPackage, write_package
from egide.stages.arrive.synthetic import NAME as GENERATOR
from egide.stages.arrive.synthetic import generator_of, sign_synthetic
from egide.stages.arrive.verify import Hashed

IDENTITY, RECIPIENT = new_age_identity()
KEY = SigningKey.generate()
CONTENTS = {"a.csv": b"A;B\n1;2\n", "b.csv": b"A;B\n" + b"3;4\n" * 40_000}


def delivery_of(contents: dict[str, bytes] = CONTENTS) -> Delivery:
    files = tuple(
        DeliveredFile(path, "T", hashlib.sha256(data).hexdigest(), data.count(b"\n") - 1, Dialect())
        for path, data in contents.items()
    )
    return Delivery("d", "chu", "s", "m", "1", "2019", files)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return packed(tmp_path / "package")


def packed(
    folder: Path, delivery: Delivery | None = None, key: SigningKey = KEY, hub: str = "h", to: str = RECIPIENT
) -> Path:
    sources: list[Callable[[], io.BytesIO]] = [
        lambda data=data: io.BytesIO(data) for data in CONTENTS.values()
    ]  # type: ignore[misc]
    manifest = write_manifest(delivery or delivery_of())
    write_package(folder, manifest, sources, hub=hub, holder="chu", recipient=to, key=key)  # type: ignore[arg-type]
    return folder


def opened(folder: Path, key: str = KEY.verify_key.hex) -> OpenedPackage:
    temp = folder.with_name("temp")
    temp.mkdir(exist_ok=True)
    return OpenedPackage(folder, hub="h", holder="chu", holder_key=key, identity=IDENTITY, temp=temp)


def test_a_package_opens_to_what_was_sent_and_never_stands_in_clear(package: Path) -> None:
    found = opened(package)
    temp = package.with_name("temp")
    assert [found.open(f).read() for f in found.delivery.files] == list(CONTENTS.values())
    assert verify_files(temp, found.delivery, open_=found.open) == sum(map(len, CONTENTS.values()))
    for place in (package, temp):
        assert not [p for p in place.iterdir() if b"3;4\n3;4" in p.read_bytes()]
    found.close()
    found.close()
    assert list(temp.iterdir()) == []


def test_a_file_of_a_package_reads_from_any_place(package: Path) -> None:
    found = opened(package)
    with found.open(found.delivery.files[1]) as file:
        file.seek(100_000)
        assert file.read(8) == CONTENTS["b.csv"][100_000:100_008]
        file.seek(-4, 2)
        assert file.read() == b"3;4\n"


def refusal(folder: Path, **how: str) -> str:
    with pytest.raises(HubError) as refused:
        opened(folder, **how)
    return refused.value.key


def test_files_missing_renamed_swapped_altered_or_cut(package: Path) -> None:
    data = {p.name: p.read_bytes() for p in package.iterdir()}

    def after(change: Callable[[], object]) -> str:
        for name, content in data.items():
            (package / name).write_bytes(content)
        change()
        return refusal(package)

    one, two = package / "0001.age", package / "0002.age"
    assert after(one.unlink) == "delivery.file-missing"
    assert after(lambda: one.rename(package / "9.age")) == "delivery.file-missing"
    (package / "9.age").unlink()
    assert after(lambda: one.write_bytes(data["0002.age"])) == "delivery.hash"
    assert after(lambda: two.write_bytes(data["0002.age"][:-1])) == "delivery.hash"
    assert (
        after(lambda: two.write_bytes(data["0002.age"][:-1] + bytes([data["0002.age"][-1] ^ 1])))
        == "delivery.hash"
    )
    assert after(lambda: two.write_bytes(data["0002.age"] + b"\x00")) == "delivery.hash"
    assert after(lambda: (one.unlink(), one.symlink_to(two))) == "delivery.file-missing"


def test_a_file_that_nobody_listed_is_no_part_of_it(package: Path) -> None:
    (package / "0003.age").write_bytes(b"more")
    assert len(opened(package).delivery.files) == 2


def relisted(package: Path, change: Callable[[dict[str, object]], object], key: SigningKey = KEY) -> None:
    """Changes the list and signs it again."""
    envelope = json.loads((package / NAME).read_bytes())
    change(envelope["manifest"])
    envelope["signature"] = key.sign(canonical(envelope["manifest"])).hex()
    (package / NAME).write_bytes(canonical(envelope))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(hub="other"),
        lambda m: m.update(holder="other"),
        lambda m: m.update(format="egide-package/9"),
        lambda m: m.update(files=[]),
        lambda m: m.update(files=m["files"][:2]),
        lambda m: m.update(files=[*m["files"], m["files"][1]]),
        lambda m: m["files"].reverse(),
        lambda m: m["files"][1].update(plain_size=1),
        lambda m: m["files"][1].update(plain_size=9_999),
        lambda m: m["files"][0].update(name="../0000.age"),
        lambda m: m["files"][1].update(more=1),
        lambda m: m.pop("hub"),
    ],
)
def test_a_list_that_lies_is_refused_though_its_holder_signed_it(
    package: Path, change: Callable[[dict[str, object]], object]
) -> None:
    relisted(package, change)
    assert refusal(package).startswith("delivery.")


def test_only_the_holder_s_key_signs(package: Path, tmp_path: Path) -> None:
    other = SigningKey.generate()
    assert refusal(packed(tmp_path / "other", key=other)) == refusal(package, key=other.verify_key.hex)
    with pytest.raises(Tampered):
        opened(package, key=other.verify_key.hex)
    with pytest.raises(Denied):
        opened(package, key="")
    envelope = json.loads((package / NAME).read_bytes())
    envelope["manifest"]["recipient"] = "other"
    (package / NAME).write_bytes(canonical(envelope))
    with pytest.raises(Tampered):
        opened(package)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"not json", b'{"manifest":[],"signature":"00"}'])
def test_a_list_that_is_none(package: Path, data: bytes) -> None:
    (package / NAME).write_bytes(data)
    assert refusal(package) == "delivery.package-form"


def test_a_package_to_another_hub_s_key_does_not_open(tmp_path: Path) -> None:
    assert refusal(packed(tmp_path / "p", to=new_age_identity()[1])) == "delivery.package-recipient"
    with pytest.raises(BadInput):
        packed(tmp_path / "q", to="age1nobody")


def test_another_holder_s_delivery_in_a_holder_s_package(tmp_path: Path) -> None:
    assert (
        refusal(packed(tmp_path / "p", replace(delivery_of(), holder="other"))) == "delivery.holder-differs"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in CONTENTS.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_files_are_read_whole_before_any_is_used(folder: Path) -> None:
    delivery = delivery_of()
    assert verify_files(folder, delivery) == sum(map(len, CONTENTS.values()))
    for data, key in (
        (b"", "delivery.file-empty"),
        (b"A;B\n1;3\n", "delivery.hash"),
        (b"A;B\n1;2", "delivery.hash"),
    ):
        (folder / "a.csv").write_bytes(data)
        with pytest.raises(BadInput) as refused:
            verify_files(folder, delivery)
        assert refused.value.key == key
    (folder / "a.csv").unlink()
    with pytest.raises(BadInput):
        verify_files(folder, delivery)


@pytest.mark.parametrize(
    ("data", "rows"), [(b"A\n1", 1), (b"A\n1\n", 1), (b"A", 0), (b"A\n", 0), (b"A\n\n", 1)]
)
def test_rows_are_lines_after_the_first(tmp_path: Path, data: bytes, rows: int) -> None:
    (tmp_path / "a").write_bytes(data)
    file = DeliveredFile("a", "T", hashlib.sha256(data).hexdigest(), rows, Dialect())
    verify_files(tmp_path, replace(delivery_of(), files=(file,)))
    with pytest.raises(BadInput) as refused:
        verify_files(tmp_path, replace(delivery_of(), files=(replace(file, rows=rows + 1),)))
    assert refused.value.facts["found"] == rows


def test_links_and_what_is_no_ordinary_file_are_not_opened(folder: Path) -> None:
    [file, _] = delivery_of().files
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(folder / "a.csv")
    (folder / "way").symlink_to(folder.parent)
    for path in ("link", "sub", f"way/{folder.name}/a.csv"):
        with pytest.raises(BadInput):
            open_file(folder, replace(file, path=path))
    open_file(folder, file).close()


def test_what_was_verified_is_what_is_used(folder: Path) -> None:
    file = delivery_of().files[1]
    for changed in (False, True):
        with (folder / "b.csv").open("rb") as raw:
            stream = Hashed(raw, file)
            assert stream.readline(1 << 20) == b"A;B\n"
            while stream.read(1000):
                pass
            if changed:
                with pytest.raises(BadInput) as refused:
                    stream.confirm()
                assert refused.value.key == "delivery.changed"
            else:
                stream.confirm()
        (folder / "b.csv").write_bytes(CONTENTS["b.csv"][:-4] + b"5;6\n")


def test_the_generator_signs_one_delivery(tmp_path: Path) -> None:
    manifest = write_manifest(delivery_of())
    delivery = parse_manifest(manifest)
    assert generator_of(tmp_path, delivery) is None
    sign_synthetic(tmp_path, delivery, {"people": 3}, KEY)
    found = generator_of(tmp_path, delivery)
    assert found is not None and found.hex == KEY.verify_key.hex
    for other in (replace(delivery, id="e"), replace(delivery, sha256="0" * 64)):
        with pytest.raises(BadInput):
            generator_of(tmp_path, other)
    envelope = json.loads((tmp_path / GENERATOR).read_bytes())
    for change in ({"signature": "00" * 64}, {"manifest": {}}, {"key": "zz"}, {"signature": "no"}):
        (tmp_path / GENERATOR).write_bytes(canonical({**envelope, **change}))
        with pytest.raises((BadInput, Tampered)):
            generator_of(tmp_path, delivery)
