"""What a step may name: reads of the custodian, and effects on it."""
