"""What tools of others make of the API's document: clients in Python and TypeScript, and a collection of calls."""
