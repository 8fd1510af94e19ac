"""Pretraining of the decoder: synthetic scores, training pairs, distillation."""
