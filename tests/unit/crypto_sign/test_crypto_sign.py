"""Keys that sign: handles, identity files, personal acts."""

import copy
import hashlib
import json
import pickle
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from egide.crypto.identity import read_identity, write_identity
from egide.crypto.sign import SigningKey, VerifyKey, check_signed, digest, sign_act
from egide.model.act import Act, ActKind
from egide.model.errors import BadInput, BadUsage, Denied, HubError, Tampered, Unreachable

# RFC 8032, section 7.1, test 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def an_act(**changes: str) -> Act:
    return replace(
        Act(ActKind.REVIEW, digest(b"output"), "approve", "", "rita", "2026-01-02T03:04:05Z"), **changes
    )


def test_the_published_vector() -> None:
    key = SigningKey.from_bytes(SECRET)
    assert key.verify_key.hex == PUBLIC
    assert key.sign(b"\x72").hex() == SIGNATURE
    key.verify_key.verify(bytes.fromhex(SIGNATURE), b"\x72")


@pytest.mark.parametrize("message", [b"", b"\x73", b"\x72\x00"])
def test_a_signature_is_for_one_message(message: bytes) -> None:
    with pytest.raises(Tampered):
        VerifyKey.parse(PUBLIC).verify(bytes.fromhex(SIGNATURE), message)


@pytest.mark.parametrize(
    "signature", [b"", bytes(64), bytes.fromhex(SIGNATURE)[:-1], bytes.fromhex(SIGNATURE) + b"\0"]
)
def test_another_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(Tampered):
        VerifyKey.parse(PUBLIC).verify(signature, b"\x72")


def test_a_key_keeps_to_itself() -> None:
    key = SigningKey.generate()
    assert key.expose().hex() not in repr(key) and str(key.expose()) not in repr(key)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)
    assert SigningKey.from_bytes(key.expose()) == key
    assert SigningKey.generate() != key


def test_the_forms_of_a_public_key() -> None:
    key = SigningKey.from_bytes(SECRET).verify_key
    assert VerifyKey.parse(key.hex) == VerifyKey.parse(key.base64) == key
    assert len(key.fingerprint) == 39 and key.fingerprint != SigningKey.generate().verify_key.fingerprint


@pytest.mark.parametrize("text", ["", "zz" * 32, PUBLIC[:-2], "é" * 64, "AAAA", PUBLIC + "00"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        VerifyKey.parse(text)


@pytest.mark.parametrize("passphrase", [None, "une phrase à soi"])
def test_an_identity_comes_back(tmp_path: Path, passphrase: str | None) -> None:
    path, key = tmp_path / "rita.identity", SigningKey.generate()
    write_identity(path, "rita", key, passphrase)
    found = read_identity(path, passphrase)
    assert (found.name, found.key) == ("rita", key)
    assert found.key.expose() == key.expose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)


def test_a_protected_identity_wants_its_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "rita.identity"
    write_identity(path, "rita", SigningKey.generate(), "right")
    assert [reason(path, None), reason(path, "wrong")] == [
        "identity.passphrase-needed",
        "identity.passphrase-wrong",
    ]


def test_accents_may_be_typed_either_way(tmp_path: Path) -> None:
    path = tmp_path / "rita.identity"
    write_identity(path, "rita", SigningKey.generate(), "clé")
    assert read_identity(path, "cle\u0301").name == "rita"


def test_a_stranger_opens_it_from_the_written_format(tmp_path: Path) -> None:
    path, key = tmp_path / "rita.identity", SigningKey.generate()
    write_identity(path, "rita", key, "right")
    found = json.loads(path.read_text())
    stretched = hashlib.scrypt(
        b"right", salt=bytes.fromhex(found["scrypt_salt"]), n=2**17, r=8, p=1, maxmem=2**28, dklen=32
    )
    private = load_pem_private_key(found["private_key"].encode(), stretched.hex().encode())
    assert isinstance(private, Ed25519PrivateKey)
    assert private.private_bytes_raw() == key.expose()


def reason(path: Path, passphrase: str | None) -> str:
    with pytest.raises(BadUsage) as refused:
        read_identity(path, passphrase)
    return refused.value.key


def test_an_identity_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "rita.identity"
    write_identity(path, "rita", SigningKey.generate())
    before = path.read_bytes()
    with pytest.raises(BadUsage):
        write_identity(path, "rita", SigningKey.generate())
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadUsage):
        write_identity(tmp_path / "link", "rita", SigningKey.generate())
    assert path.read_bytes() == before and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("name", "passphrase"), [("", None), ("rita", "")])
def test_an_empty_name_or_passphrase_is_refused(tmp_path: Path, name: str, passphrase: str | None) -> None:
    with pytest.raises(BadUsage):
        write_identity(tmp_path / "x", name, SigningKey.generate(), passphrase)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        write_identity(tmp_path / "no" / "x", "rita", SigningKey.generate())
    assert reason(tmp_path / "no" / "x", None) == "identity.missing"


def test_an_identity_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rita.identity"
    write_identity(path, "rita", SigningKey.generate())
    path.chmod(0o640)
    assert reason(path, None) == "identity.open-to-others"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "egide-identity/2"},
        {"public_key": "AAAA"},
        {"public_key": SigningKey.generate().verify_key.base64},
        {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
        {"private_key": None},
        {"name": 3},
        {"scrypt_salt": "xy"},
        {"scrypt_salt": 7},
    ],
)
def test_a_spoilt_identity_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "rita.identity"
    write_identity(path, "rita", SigningKey.generate())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BadInput):
        read_identity(path)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"not json", b"[" * 60000])
def test_what_is_no_identity_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.touch(0o600)
    path.write_bytes(data)
    with pytest.raises(BadInput):
        read_identity(path)


def test_a_signed_act_holds() -> None:
    key = SigningKey.generate()
    check_signed(sign_act(an_act(), key), key.verify_key)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ActKind.OPINION},
        {"subject": digest(b"another output")},
        {"decision": "refuse"},
        {"reason": "added later"},
        {"account": "mallory"},
        {"at": "2026-01-02T03:04:06Z"},
    ],
)
def test_any_altered_field_of_an_act_is_refused(change: dict[str, str]) -> None:
    key = SigningKey.generate()
    signed = sign_act(an_act(), key)
    with pytest.raises(Tampered) as refused:
        check_signed(replace(signed, act=an_act(**change)), key.verify_key)
    assert refused.value.key == "act.altered"


def test_an_act_signed_by_another_key_is_refused() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    with pytest.raises(Denied) as refused:
        check_signed(sign_act(an_act(), other), key.verify_key)
    assert refused.value.key == "act.key-not-enrolled"
    with pytest.raises(HubError):
        check_signed(replace(sign_act(an_act(), other), public_key=key.verify_key.raw), key.verify_key)


@pytest.mark.parametrize(
    "change",
    [{"subject": "x"}, {"subject": "A" * 64}, {"decision": ""}, {"account": " rita"}, {"at": "soon"}],
)
def test_an_act_is_valid_from_birth(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        an_act(**change)
