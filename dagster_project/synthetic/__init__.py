"""The invented council: a complete `raw/` folder of made-up data in the real layouts."""

from dagster_project.synthetic.demo import DemoRefused, write_demo

__all__ = ["DemoRefused", "write_demo"]
