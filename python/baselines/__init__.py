"""Other ways to keep a concept out of pictures, for comparison with gloce.

Written from the papers' equations: `uce` (closed form, arXiv 2308.14761) and `esd`
(fine-tuning, arXiv 2303.07345) change the U-Net of a pipeline folder, `prompts` changes what the
unmodified model is asked for.
"""
