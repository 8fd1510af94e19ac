"""How the loops of this folder are compiled.

numba's cache looks at the file of a function only, not at those it calls: after an edit, delete the folder's
``__pycache__``.
"""

from __future__ import annotations

from numba import njit

# No interpreter lock, so that audio threads run side by side; cached, so that the second start is quick; division by
# zero gives inf, as in numpy, since a check in the loop would keep it from being vectorised. No fast-math: regrouped
# sums and fused multiply-adds round differently in the process that compiles and in those that load its cache, and they
# bring no time here.
compiled = njit(cache=True, nogil=True, error_model="numpy")
