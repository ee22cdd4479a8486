"""The long tests: what CI runs briefly runs here for hours, and every condition of the store proves its worth."""
