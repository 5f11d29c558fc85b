"""The exactly-once state machine of one effect: never two, never a false verdict, or a halt."""
