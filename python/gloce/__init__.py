"""Concept erasure by GLoCE in a diffusers pipeline, from the files that gloce builds.

    import gloce
    attached = gloce.attach(pipe.unet, "erasers.safetensors")
    pipe("a picture of a cat")
    attached.detach()

Needs torch alone. Everything is differentiable with respect to the U-Net's inputs.
"""

from .attach import Attachment, attach
from .erasers import Concept, Erasers, ErasersError, load

__all__ = ["Attachment", "Concept", "Erasers", "ErasersError", "attach", "load"]
