"""``python -m benchmarks.report``: write the pages again, without measuring."""

from benchmarks import HERE
from benchmarks.report.pages import write_pages

if __name__ == "__main__":
    write_pages(HERE)
