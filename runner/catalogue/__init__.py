"""The custody API and the actions built on it, as frozen objects."""
