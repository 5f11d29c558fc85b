"""The dry run, what it projects, and the plan file that pins every effect to be sent."""
