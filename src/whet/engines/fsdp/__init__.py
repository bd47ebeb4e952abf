"""The sharded engine (torch FSDP2 and DCP): every rank holds its share of the weights."""
