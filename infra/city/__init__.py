"""A believable small city for the demo and the journeys: made-up firms, agencies, products, lists and documents.

Pure data: nothing here calls the API or knows how the backend decides. What each record expects to happen
to it is fixed by how it was built, so the journey can hold the backend's answers against it.
Every firm, person, phone number and credit code is invented.
"""
