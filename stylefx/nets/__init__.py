"""Feature nets, one file each: what an objective measures its statistics on.

A net is one class, ``Net(device)``, or ``Net(device, seed)`` where its weights are random. Calling it with a
spectrogram, float32 (frames, bins or bands), differentiable, gives a dict of layer name to features: (channels, frames,
bands) from a 2-D net, (channels, frames) from a 1-D one; layers of coarser time or frequency have fewer of them.
``layers`` names them in order. An image for a 2-D net is 0 where there is silence and 1 at the style's loudest; what
another net wants stands in its file. A net whose weights come with an extra raises a `StylefxError` with the pip
command where they are missing.
"""
