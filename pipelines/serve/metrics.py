"""The figures in the text format of Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that there is for several labels.

    Args:
        name: What it is called, without the prefix.
        kind: ``counter`` or ``gauge``.
        help: What it tells, and its unit.
        samples: The values with their labels.
    """

    name: str
    kind: str
    help: str
    samples: Iterable[tuple[Labels, float]]


def written(metrics: Iterable[Metric]) -> str:
    """Return the text; metrics without a value are left out."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    samples = list(metric.samples)
    if not samples:
        return
    name = f"pylon_{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} {metric.kind}"
    for labels, value in samples:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{pairs}}} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
