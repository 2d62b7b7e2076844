"""`python -m egide.adapters.sbom`: the last step of an installation."""

from egide.adapters.sbom import bill_of_materials, location


def main() -> None:
    path = location()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bill_of_materials())


main()
