"""Published benchmarks in local files, in the formats of their data set cards; none is downloaded.

The name of a file here is the name of a benchmark: `gsm8k:test.jsonl` on the command line, and
`Gsm8K(path="test.jsonl")` in Python.
"""
