"""The machine's own copy of the cloud: environments, emulators, build and deployment, all under `.local/`."""
