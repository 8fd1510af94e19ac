"""The optimiser loop of all offline methods: L-BFGS.

An objective maps a tensor to its loss and gradient; closed forms write the gradient out, `by_autograd` makes it for
everything else. The variables live in float64 between the steps, the losses are computed in float32 on the objective's
device. D. Liu, J. Nocedal, 1989 (scipy's L-BFGS-B without bounds).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.optimize
import torch

Loss = Callable[[torch.Tensor], torch.Tensor]
Objective = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
# Called with the fraction of the steps done, 0 to 1.
Watch = Callable[[float], None]


def by_autograd(loss: Loss) -> Objective:
    """The objective of a differentiable loss."""

    def objective(variables: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        variables = variables.detach().requires_grad_()
        value = loss(variables)
        (gradient,) = torch.autograd.grad(value, variables)
        return value.detach(), gradient

    return objective


def lbfgs(
    objective: Objective, start: np.ndarray, iterations: int, device: torch.device, watch: Watch | None = None
) -> np.ndarray:
    """Where ``iterations`` L-BFGS steps lead from ``start``: float64, of the same shape."""
    done = 0

    def flat_objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope = objective(_tensor(flat.reshape(start.shape), device))
        return float(loss), slope.cpu().numpy().ravel().astype(np.float64)

    def count(_: np.ndarray) -> None:
        nonlocal done
        done += 1
        if watch is not None:
            watch(done / iterations)

    found = scipy.optimize.minimize(
        flat_objective,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=count,
        options={"maxiter": iterations, "maxfun": 2 * iterations + 10},
    )
    return found.x.reshape(start.shape)


def _tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(array, dtype=torch.float32, device=device)
