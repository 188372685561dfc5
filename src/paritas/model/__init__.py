"""The nouns: money, legs, instructions, members, commands and events."""
