"""``limelight models``: the catalog, and fetching weights ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lime_core.cli.progress import progress_bar
from lime_core.cli.tables import Column, print_table
from lime_core.models import CATALOG, fetch, model_card, weights_state

if TYPE_CHECKING:
    import argparse

_COLUMNS = (
    Column("id"),
    Column("input", "right"),
    Column("weights", "right"),
    Column("ImageNet top-1", "right"),
    Column("license"),
    Column("on disk"),
)


_ON_DISK = {"ready": "yes", "missing": "no", "damaged": "damaged"}


def run_list(_: argparse.Namespace) -> None:
    """List the models of the catalog and whether their weights are on disk."""
    rows = [
        (
            card.id,
            f"{card.input_size[0]}×{card.input_size[1]}",
            f"{card.weights_bytes / 1e6:.0f} MB",
            f"{card.top1:.1f} %",
            card.license,
            _ON_DISK[weights_state(card)],
        )
        for card in CATALOG.values()
    ]
    print_table(_COLUMNS, rows)


def run_fetch(options: argparse.Namespace) -> None:
    """Download the weights of one model, and print where they are."""
    with progress_bar("Fetching weights", unit="bytes") as report:
        path = fetch(model_card(options.id), report)
    print(path)
