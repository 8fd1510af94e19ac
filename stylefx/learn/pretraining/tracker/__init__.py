"""Pretraining of the note tracker."""
