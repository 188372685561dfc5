"""Screening: lists, matching, verdicts."""
