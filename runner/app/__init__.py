"""Where the rooms are joined: environment, settings, logs and the use cases behind the verbs."""
