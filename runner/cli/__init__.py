"""The command line: click commands without logic, and the one error boundary."""
