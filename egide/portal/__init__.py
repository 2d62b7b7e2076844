"""The pages: what the hub shows in a browser, in French and in English, without a script.

`serve` answers on this machine only; the reports are single files that need no server at all.
"""

from egide.portal.reports import render_delivery_report, render_demo_report
from egide.portal.serve import serve, server
from egide.portal.site import Site
from egide.portal.source import Pages

__all__ = ["Pages", "Site", "render_delivery_report", "render_demo_report", "serve", "server"]
