"""Feature nets, one file each: log magnitudes in, the activations of its layers out; objectives measure those.

A net is one class, ``Net(device)``, or ``Net(device, seed)`` where its weights are random. Its ``grid`` says which
log(1 + |STFT|) it takes, float32 (frames, bins), differentiable; the answer is layer -> features, (channels, frames,
bins) of a 2-D net, (channels, frames) of a 1-D one, fewer of them where a layer is coarser. ``layers`` names them. A
net whose weights come with an extra raises a `StylefxError` with the pip command where they are missing.
"""
