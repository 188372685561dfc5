"""Build hook: generates the XSD bundle."""
