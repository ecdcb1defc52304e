"""Writes random annotations in the size and form of COCO's instances_train2017.json, to time how fast they are read.

Usage: python3 make_annotations.py instances.json
       /usr/bin/time -v shiftscope patches coco --annotations instances.json --images . --out out

The images do not exist, so every object fails. The time is that of reading annotations and choosing objects.
"""
import json
import random
import sys

IMAGES, ANNOTATIONS, CATEGORIES = 118_287, 860_001, 80
NAMES = ["car", "airplane", "boat", "dog", "bird", "zebra", "orange", "banana", "clock", "laptop"]

draw = random.Random(1)
outlines = [[round(draw.uniform(0, 640), 2) for _ in range(2 * draw.randrange(3, 40))] for _ in range(500)]


def image(i):
    name = f"{5 * i:012d}.jpg"
    return {"license": 1, "file_name": name, "coco_url": f"http://images.cocodataset.org/train2017/{name}",
            "height": 480, "width": 640, "date_captured": "2013-11-14 17:02:52", "id": 5 * i}


def annotation(i):
    return {"segmentation": [draw.choice(outlines)], "area": draw.uniform(10, 1e5), "iscrowd": 0,
            "image_id": 5 * draw.randrange(IMAGES), "bbox": [round(draw.uniform(5, 300), 2) for _ in range(4)],
            "category_id": draw.randrange(1, CATEGORIES + 1), "id": i}


def category(i):
    return {"supercategory": "thing", "id": i + 1, "name": NAMES[i] if i < len(NAMES) else f"class {i}"}


with open(sys.argv[1], "w") as file:
    file.write('{"info": {}, "licenses": [{"url": "http://creativecommons.org/licenses/by/2.0/", "id": 1, "name": "BY"}]')
    for section, make, count in [("images", image, IMAGES), ("annotations", annotation, ANNOTATIONS), ("categories", category, CATEGORIES)]:
        file.write(f', "{section}": [')
        for i in range(count):
            file.write((", " if i else "") + json.dumps(make(i)))
        file.write("]")
    file.write("}")
