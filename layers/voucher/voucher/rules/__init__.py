"""Pure decisions: facts and the instant in, a value or a refusal out. No boto3, no clock, no environment."""
