"""Run all benchmarks in a short version of some minutes; each one alone has the full size by default."""

from __future__ import annotations

from . import allowance, doorbell, growth, idle, load, marts, memory, pace, words

SHORT = {
    load: ["--issues", "5000", "--rounds", "1"],
    pace: [],
    allowance: ["--windows", "12", "--tiers", "autumn", "--kinds", "fixed"],
    idle: ["--rounds", "1"],
    doorbell: ["--issues", "300", "--edits", "10"],
    growth: ["--issues", "20000", "200000", "--rounds", "1"],
    marts: [],
    memory: ["--issues", "5000", "50000", "--minutes", "0.5", "1"],
    words: [],
}


def main() -> None:
    """Measure and print."""
    for benchmark, arguments in SHORT.items():
        benchmark.main(arguments)
        print()


if __name__ == "__main__":
    main()
