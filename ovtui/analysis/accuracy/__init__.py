"""How well a version of a model does what its parent does: on labels, output by output, operation by operation."""
