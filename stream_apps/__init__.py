"""Faust: one app a view (a stage), each a thin shell around `domain/`."""
