"""Writes ../imagenet_classes.json: torchvision's names of ImageNet's 1000 classes, in the order of the class scores."""

import json
from pathlib import Path

import torchvision
from torchvision.models._meta import _IMAGENET_CATEGORIES

credit = f"torchvision {torchvision.__version__.split('+')[0]}, models/_meta.py; Soumith Chintala, 2016; BSD-3-Clause"
document = {"credit": credit, "classes": list(_IMAGENET_CATEGORIES)}
text = json.dumps(document, indent=2, ensure_ascii=False)
(Path(__file__).parent.parent / "imagenet_classes.json").write_text(text + "\n")
