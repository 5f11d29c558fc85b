"""Files people write, read into checked data with places: strict YAML and JSON Schema."""
