"""The demo: a city taken through one programme year over the API, told step by step."""
