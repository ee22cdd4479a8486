"""A client of the deployed API: who calls, over which wire, and the steps that most callers take."""
