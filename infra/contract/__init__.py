"""The contract: one OpenAPI document, made from the functions' own models, refusals and routes.

python -m infra.contract
"""
