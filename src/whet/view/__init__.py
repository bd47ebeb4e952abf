"""Views of a run: charts, console output and reports."""
