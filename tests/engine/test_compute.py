"""The compute device: chosen by name, refused in a sentence, and every tensor of the optimiser is put on it."""

import numpy as np
import pytest
import torch

from stylefx import StyleTransfer
from stylefx.analysis.grid import grid_for
from stylefx.compute import compute_device
from stylefx.errors import UsageError
from stylefx.optimise.stage import Optimise
from tests.support.sounds import tone

pytestmark = pytest.mark.slow


def test_auto_is_a_gpu_where_there_is_one():
    assert compute_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert compute_device("cpu").type == "cpu"
    assert torch.get_num_threads() == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_no_gpu_is_said_in_a_sentence():
    with pytest.raises(UsageError, match="sees no GPU: use --device cpu"):
        compute_device("cuda")


def test_an_unknown_device_names_the_known_ones():
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        compute_device("tpu")


def test_all_state_of_the_optimiser_lives_on_its_device(bright_style):
    """On the meta device a product with a tensor left on the CPU fails, as it would on a GPU."""
    stage = Optimise(bright_style.arrays["gram"], 0, 1, torch.device("meta"))
    stage.prepare(grid_for(44_100))
    base = torch.zeros(stage._recent.shape[1:], device="meta")
    stage._advance(base)
    assert stage._gains.values.device.type == stage._recent.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_gpu_and_cpu_agree(bright_style):
    content = tone(220, 1.0)
    on_cpu, on_gpu = (StyleTransfer(bright_style, device=name)(content, 44_100) for name in ("cpu", "cuda"))
    assert np.abs(on_cpu - on_gpu).max() < 0.02
