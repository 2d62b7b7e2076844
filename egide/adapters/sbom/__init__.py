"""The bill of materials: what exactly this installation is made of, for the gate and for whoever audits it."""

from egide.adapters.sbom.bill import bill_of_materials, location

__all__ = ["bill_of_materials", "location"]
