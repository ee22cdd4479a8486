"""A small invented city for the demo and the tests: enterprises, agencies, products, lists and documents.

Pure data: nothing here calls the API or uses the backend's code. Each record says what must become of it, so a caller
can compare the backend's answers with it. Every enterprise, person, phone number and credit code is invented.
"""
