"""delivery.toml is not what it should be, or says what is not so."""

import json

from support_crash.bad.case import Run, case, deliver
from support_crash.bad.place import DEATHS, PERSONS, Place

GROUP = "Manifest"
FILE = f"{DEATHS}.csv"


def as_is(p: Place) -> Run:
    p.sign_as_is()
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "no delivery.toml", 3, "delivery.toml")
def no_manifest(p: Place) -> Run:
    p.manifest_path.unlink()
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "an empty delivery.toml", 3, "delivery.toml", "id")
def empty_manifest(p: Place) -> Run:
    p.write(b"")
    return as_is(p)


@case(GROUP, "a delivery.toml that is a symbolic link", 3, "delivery.toml")
def linked_manifest(p: Place) -> Run:
    p.manifest_path.rename(p.root / "aside.toml")
    p.manifest_path.symlink_to(p.root / "aside.toml")
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "a delivery.toml that is no TOML", 3, "delivery.toml", "line 2")
def no_toml(p: Place) -> Run:
    p.write(b'id = "x"\nholder = cnam cnam\n')
    return as_is(p)


@case(GROUP, "a delivery.toml in Latin-1", 3, "line 1")
def latin1_manifest(p: Place) -> Run:
    p.write('id = "é"\n'.encode("latin-1"))
    return as_is(p)


@case(GROUP, "a delivery.toml of 5 MB", 3, "too large")
def huge_manifest(p: Place) -> Run:
    p.write(p.manifest_path.read_bytes() + b"# \n" * 1_700_000)
    return as_is(p)


@case(GROUP, "a delivery.toml nested 100,000 deep", 3, "delivery.toml")
def deep_manifest(p: Place) -> Run:
    p.write(b"a = " + b"[" * 100_000)
    return as_is(p)


@case(GROUP, "a field that does not exist", 3, "holdr")
def unknown_field(p: Place) -> Run:
    p.manifest["holdr"] = "cnam"
    return deliver(p)


@case(GROUP, "a field of the wrong type", 3, "rows", "[[file]] 1")
def wrong_type(p: Place) -> Run:
    p.manifest["file"][0]["rows"] = str(p.manifest["file"][0]["rows"])
    return deliver(p)


@case(GROUP, "true as a number of rows", 3, "rows")
def true_rows(p: Place) -> Run:
    p.manifest["file"][0]["rows"] = True
    return deliver(p)


@case(GROUP, "a negative number of rows", 3, FILE, "rows")
def negative_rows(p: Place) -> Run:
    p.entry(DEATHS)["rows"] = -1
    return deliver(p)


@case(GROUP, "a wrong number of rows", 3, FILE, "rows announced")
def wrong_rows(p: Place) -> Run:
    p.entry(DEATHS)["rows"] += 1
    return deliver(p)


@case(GROUP, "a wrong hash", 3, FILE, "SHA-256")
def wrong_hash(p: Place) -> Run:
    p.entry(DEATHS)["sha256"] = "0" * 64
    return deliver(p)


@case(GROUP, "a hash in capitals", 3, "sha256")
def capital_hash(p: Place) -> Run:
    p.entry(DEATHS)["sha256"] = p.entry(DEATHS)["sha256"].upper()
    return deliver(p)


@case(GROUP, "`..` in a path", 3, "../", "stay inside")
def parent_path(p: Place) -> Run:
    p.path(DEATHS).rename(p.root / FILE)
    p.entry(DEATHS)["path"] = f"../{FILE}"
    return deliver(p)


@case(GROUP, "an absolute path", 3, "/etc/passwd", "stay inside")
def absolute_path(p: Place) -> Run:
    p.entry(DEATHS)["path"] = "/etc/passwd"
    return deliver(p)


@case(GROUP, "a backslash in a path", 3, "stay inside")
def backslash_path(p: Place) -> Run:
    p.entry(DEATHS)["path"] = f"..\\{FILE}"
    return deliver(p)


@case(GROUP, "a path that steers the terminal", 3, "absent")
def steering_path(p: Place) -> Run:
    p.write(p.manifest_path.read_bytes().replace(FILE.encode(), b"\\u001b[2J\\u202e.csv"))
    return as_is(p)


@case(GROUP, "the same file twice", 3, FILE, "twice")
def file_twice(p: Place) -> Run:
    p.manifest["file"].append(dict(p.entry(DEATHS)))
    return deliver(p)


@case(GROUP, "no file at all", 3, "no file")
def no_file(p: Place) -> Run:
    p.manifest["file"] = []
    return deliver(p)


@case(GROUP, "a table that the model does not have", 3, "NOT_A_TABLE")
def unknown_table(p: Place) -> Run:
    p.entry(DEATHS)["table"] = "NOT_A_TABLE"
    return deliver(p)


@case(GROUP, "a table name of 10,000 letters", 3, "table")
def long_table(p: Place) -> Run:
    p.entry(DEATHS)["table"] = "T" * 10_000
    return deliver(p)


@case(GROUP, "a model that the registry does not have", 3, "omop")
def unknown_model(p: Place) -> Run:
    p.manifest["model"] = "omop"
    return deliver(p)


@case(GROUP, "a version that the registry does not have", 3, "1812")
def unknown_version(p: Place) -> Run:
    p.manifest["model_version"] = "1812"
    return deliver(p)


@case(GROUP, "a delimiter of two characters", 3, "delimiter")
def long_delimiter(p: Place) -> Run:
    p.manifest["dialect"]["delimiter"] = "||"
    return deliver(p)


@case(GROUP, "an encoding that is not known", 3, "encoding", "ebcdic")
def unknown_encoding(p: Place) -> Run:
    p.manifest["dialect"]["encoding"] = "ebcdic"
    return deliver(p)


@case(GROUP, "a form of dates that is not known", 3, "dates", "MM/dd/yyyy")
def unknown_dates(p: Place) -> Run:
    p.manifest["dialect"]["dates"] = "MM/dd/yyyy"
    return deliver(p)


@case(GROUP, "an identifier of 121 characters", 3, "id")
def long_id(p: Place) -> Run:
    p.manifest["id"] = "x" * 121
    return deliver(p)


@case(GROUP, "a holder whom the hub does not know", 1, "atih", "not registered")
def unknown_holder(p: Place) -> Run:
    p.sign()
    return Run(["deliver", str(p.folder), "--holder", "atih"])


@case(GROUP, "a holder who is not the one of the command", 3, "atih", "cnam")
def other_holder(p: Place) -> Run:
    p.manifest["holder"] = "atih"
    return deliver(p)


@case(GROUP, "a delivery that was received before", 0, "nothing changed", keeps=False)
def twice(p: Place) -> Run:
    p.held()
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "the identifier of a delivery received with other content", 1, "other content")
def other_content(p: Place) -> Run:
    p.held()
    p.cell(PERSONS, "BEN_RES_COM", "001")
    return deliver(p)


@case(GROUP, "`replaces` names a delivery that the hub does not have", 1, "never-came")
def replaces_unknown(p: Place) -> Run:
    p.manifest["replaces"] = "never-came"
    return deliver(p)


@case(GROUP, "no signature, neither the generator's nor a package", 1, "signed and encrypted package")
def unsigned(p: Place) -> Run:
    (p.folder / "generator.json").unlink()
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "the generator's signature of another delivery", 3, "generator")
def signature_of_another(p: Place) -> Run:
    p.manifest["source"] = "another"
    p.write()
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "a generator's signature with a flipped bit", 5, "signature")
def broken_signature(p: Place) -> Run:
    path = p.folder / "generator.json"
    envelope = json.loads(path.read_bytes())
    last = envelope["signature"][-1]
    envelope["signature"] = envelope["signature"][:-1] + ("0" if last != "0" else "1")
    path.write_bytes(json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode())
    return Run(["deliver", str(p.folder), "--holder", "cnam"])


@case(GROUP, "a generator whom the hub has not enrolled", 1, "generator")
def unknown_generator(p: Place) -> Run:
    from egide.crypto.sign import SigningKey
    from egide.stages.arrive import read_manifest
    from egide.stages.arrive.synthetic import sign_synthetic

    sign_synthetic(p.folder, read_manifest(p.folder), {"seed": 1}, SigningKey.generate())
    return Run(["deliver", str(p.folder), "--holder", "cnam"])
