"""Data that nobody lived: synthetic deliveries for teaching, tests and rehearsals, signed as such."""

from pathlib import Path

from egide.journey.start import generator_key
from egide.stages.arrive import read_manifest
from egide.stages.arrive.synthetic import sign_synthetic
from egide.wiring import Progress, quiet


def synth(
    out: Path, *, people: int, years: range, seed: int, defects: float = 0.0, progress: Progress = quiet
) -> dict[str, object]:
    """Writes a synthetic SNDS delivery of holder cnam and the generator's signed manifest (class C0)."""
    from egide.synth import snds

    report = snds.write(
        out,
        people=people,
        years=years,
        seed=seed,
        defects=defects,
        progress=lambda done, total: progress("synth", done, total),
    )
    arguments: dict[str, str | int] = {
        "model": "snds",
        "people": people,
        "years": f"{years[0]}-{years[-1]}",
        "seed": str(seed),  # seeds reach past what canonical JSON holds as a number
        "defects": str(defects),
    }
    sign_synthetic(out, read_manifest(out), arguments, generator_key())
    return {
        "delivery": report.id,
        "people": report.people,
        "files": len(report.files),
        "rows": sum(f.rows for f in report.files),
        "planted": report.planted,
        "objections": report.objections,
        "class": "C0",
    }


def hospital(out: Path, *, patients: int, seed: int) -> dict[str, object]:
    """Writes a hospital's register with invented social security numbers, for stage 1. Never signed as synthetic."""
    from egide.synth.hospital import write_hospital

    report = write_hospital(out, patients=patients, seed=seed)
    return {"delivery": report.id, "files": len(report.files), "rows": sum(f.rows for f in report.files)}
