"""Makes readings.json: small pictures of many kinds, with the RGB that torchvision's image loader gives.

Usage: python3 make_readings.py > readings.json

It needs Pillow (Debian: python3-pil) and OpenCV (python3-opencv).
"""
import base64
import io
import json
import sys

import cv2
import numpy as np
from PIL import Image, ImageCms

from hashed import picture

ROWS, COLS = 12, 17
rgba = Image.fromarray(cv2.resize(picture(4, 5, 1), (COLS, ROWS)))
rgb = rgba.convert("RGB")
array = np.asarray(rgb).astype(np.uint16)
deep = array[..., ::-1] * 257 - 100 * (np.arange(COLS) % 2).astype(np.uint16)[None, :, None] * (array[..., ::-1] > 0)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opencv(pixels, ending):
    return cv2.imencode(ending, pixels)[1].tobytes()


def turned(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return saved(rgb, "JPEG", exif=exif)


def profiled(name):
    """The profile of another colour space: sRGB's, with red and green exchanged in the table of tags."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if name == "swapped":
        red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
        profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
        for text in (b"sRGB", "sRGB".encode("utf-16-be")):
            while text in profile:
                at = profile.index(text)
                profile[at : at + len(text)] = text.replace(b"s", b"x", 1) if len(text) == 4 else text.replace(b"\0s", b"\0x", 1)
    if name == "broken":
        profile = profile[:100]
    return saved(rgb, "JPEG", icc_profile=bytes(profile))


FILES = {
    "JPEG": saved(rgb, "JPEG"),
    "progressive JPEG": saved(rgb, "JPEG", progressive=True),
    "JPEG with all colours": saved(rgb, "JPEG", subsampling=0),
    "JPEG with half of the columns' colours": saved(rgb, "JPEG", subsampling=1),
    "grey JPEG": saved(rgb.convert("L"), "JPEG"),
    "CMYK JPEG": saved(rgb.convert("CMYK"), "JPEG"),
    "CMYK TIFF": saved(rgb.convert("CMYK"), "TIFF"),
    "TIFF": saved(rgb, "TIFF", compression="tiff_lzw"),
    "PNG": saved(rgb, "PNG"),
    "PNG with transparency": saved(rgba, "PNG"),
    "grey PNG": saved(rgb.convert("L"), "PNG"),
    "grey PNG with transparency": saved(rgba.convert("LA"), "PNG"),
    "PNG of two colours": saved(rgb.convert("1"), "PNG"),
    "PNG of 16 bits": opencv(deep, ".png"),
    "grey PNG of 16 bits": opencv(np.arange(ROWS * COLS, dtype=np.uint16).reshape(ROWS, COLS) * 3, ".png"),
    "PNG with a palette": saved(rgb.quantize(9), "PNG"),
    "PNG with a transparent colour": saved(rgb.quantize(9), "PNG", transparency=3),
    "GIF": saved(rgb.quantize(9), "GIF"),
    "WebP": saved(rgb, "WEBP"),
    "lossless WebP": saved(rgb, "WEBP", lossless=True),
    "JPEG turned by a quarter": turned(6),
    "JPEG with orientation 0": turned(0),
    "JPEG with orientation 9": turned(9),
    "JPEG with sRGB": profiled("plain"),
    "JPEG with another profile": profiled("swapped"),
    "JPEG with a broken profile": profiled("broken"),
}

cases = []
for kind, file in FILES.items():
    pixels = Image.open(io.BytesIO(file)).convert("RGB").tobytes()
    cases.append({"kind": kind, "file": base64.b64encode(file).decode(), "rgb": base64.b64encode(pixels).decode()})
json.dump({"rows": ROWS, "cols": COLS, "cases": cases}, sys.stdout, separators=(",", ":"))
