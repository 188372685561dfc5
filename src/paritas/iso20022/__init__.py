"""ISO 20022 messages: from bytes to typed values, and from typed values to bytes."""
