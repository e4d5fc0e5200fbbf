"""`python -m bench NAME`: runs a benchmark, prints its table and, last, one JSON line."""

import argparse
import importlib
import json
import pkgutil

import bench


def main() -> None:
    """Run the benchmark that is asked for."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if not module.name.startswith("_")
    )
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    for name, module in modules.items():
        module.add_arguments(commands.add_parser(name, help=(module.__doc__ or "").split("\n")[0]))
    options = parser.parse_args()
    print(json.dumps(modules[options.name].run(options)))


if __name__ == "__main__":
    main()
