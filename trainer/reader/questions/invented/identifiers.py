"""Writes identifiers and contact data of a stated kind: versions, ports, addresses, formulas.

Knows their usual shapes; knows no label and no document.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from trainer.reader.questions.invented import names


def identifier(random: Random, kind: str) -> str:
    """One identifier; an unknown kind is an error."""
    major = f"{random.randint(0, 19)}.{random.randint(0, 30)}"
    made: dict[str, Callable[[], str]] = {
        "version": lambda: random.choice(
            (
                major,
                f"{major}.{random.randint(0, 9)}",
                f"v{major}.{random.randint(0, 20)}-rc{random.randint(1, 4)}",
            )
        ),
        "part": lambda: names.part_number(random),
        "env": lambda: names.environment_name(random),
        "path": lambda: names.path(random),
        "port": lambda: f"{random.randint(1024, 49151)}{random.choice(('', '', '/tcp', '/udp'))}",
        "phone": lambda: (
            f"+{random.randint(30, 99)} {random.randint(10, 99)} {random.randint(100, 999)} {random.randint(1000, 9999)}"  # noqa: E501
        ),
        "email": lambda: (
            f"{random.choice(('info', 'support', 'bookings', 'desk', 'press', 'registry'))}@{names.root(random).lower()}.{random.choice(names.DOMAINS)}"  # noqa: E501
        ),
        "url": lambda: (
            f"https://{random.choice(('www', 'docs', 'api', 'shop'))}.{names.root(random).lower()}.{random.choice(names.DOMAINS)}/{random.choice(names.SOFTWARE)}"  # noqa: E501
        ),
        "address": lambda: (
            f"{random.randint(1, 240)} {names.root(random)} {random.choice(names.STREETS)}, {random.randint(1000, 99999)} {names.town(random)}"  # noqa: E501
        ),
        "coords": lambda: (
            f"{random.randint(0, 80)} {random.randint(0, 59):02d} {random.choice('NS')}, {random.randint(0, 179)} {random.randint(0, 59):02d} {random.choice('EW')}"  # noqa: E501
        ),
        "case": lambda: (
            f"{random.randint(1, 99)} {random.choice(('O', 'Cg', 'KR', 'Ref'))} {random.randint(1, 999)}/{random.randint(2009, 2026)}"  # noqa: E501
        ),
        "formula": lambda: random.choice(
            (
                "C8H10N4O2",
                "NaHCO3",
                "C12H22O11",
                "H2SO4",
                "CaCO3",
                "K2Cr2O7",
                "C6H8O7",
                "Fe2O3",
                "NH4NO3",
                "C2H5OH",
                "MgSO4·7H2O",
                "C9H8O4",
            )
        ),
        "hash": lambda: f"{random.getrandbits(40):010x}",
        "package": lambda: names.package_name(random),
        "setting": lambda: names.setting_name(random),
        "command": lambda: names.command_name(random),
        "short": lambda: f"{random.choice('ABCDEFGHKLMNPRSTUVW')}{random.randint(1, 49)}",
    }
    if kind not in made:
        raise ValueError(f"No identifier of kind {kind!r}; write one of {', '.join(made)}.")
    return made[kind]()
