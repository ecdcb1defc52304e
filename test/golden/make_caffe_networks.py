"""Makes test/golden/networks/caffenet-*.npy and deepsim-*.npy: what PyTorch gives for the networks from Caffe models.

Weights, images and features are given by formulas (make_networks.py and test/support/formulas.ts), so that only a few
results are stored: of CaffeNet all features, of a generator every 101st value of its images. The networks are written
down here from Caffe's prototxt files and layers, independently of src/networks, and have an eighth of their channels.

    python3 test/golden/make_caffe_networks.py

Made with torch 2.6, numpy.
"""

import numpy as np
import torch
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, max_pool2d, relu

from make_networks import store, test_images, uniform, weight, width

SIDE = 227
# Channel means of Caffe's ilsvrc_2012_mean: blue, green, red.
MEAN = np.array([104.0069879317889, 116.66876761696767, 122.6789143406786])
SUBSAMPLE = 101


def parameter(key, *shape):
    return torch.tensor(weight(key, shape))


def convolution(x, name, outputs, kernel, stride=1, pad=0, group=1):
    outputs = width(outputs)
    weights = parameter(f"{name}.weight", outputs, x.shape[1] // group, kernel, kernel)
    return relu(conv2d(x, weights, parameter(f"{name}.bias", outputs), stride, pad, groups=group))


def inner_product(x, name, outputs):
    outputs = width(outputs)
    return linear(x, parameter(f"{name}.weight", outputs, x.shape[1]), parameter(f"{name}.bias", outputs))


def pool(x):
    """Caffe rounds the size of the output up."""
    return max_pool2d(x, 3, 2, ceil_mode=True)


def norm(x, size=5, alpha=1e-4, beta=0.75):
    """lrn_layer.cpp, ACROSS_CHANNELS: alpha is divided by the number of channels in the window."""
    squares = (x * x).double()
    padded = torch.nn.functional.pad(squares, (0, 0, 0, 0, size // 2, size // 2))
    sums = sum(padded[:, i : i + x.shape[1]] for i in range(size))
    result = (x / (1 + alpha / size * sums) ** beta).float()
    assert torch.allclose(result, torch.nn.functional.local_response_norm(x, size, alpha, beta, 1.0), atol=1e-4)
    return result


def caffenet(images):
    x = norm(pool(convolution(images, "conv1", 96, 11, stride=4)))
    x = norm(pool(convolution(x, "conv2", 256, 5, pad=2, group=2)))
    x = convolution(x, "conv3", 384, 3, pad=1)
    x = convolution(x, "conv4", 384, 3, pad=1, group=2)
    x = pool(convolution(x, "conv5", 256, 3, pad=1, group=2))
    fc6 = inner_product(x.flatten(1), "fc6", 4096)
    fc7 = inner_product(relu(fc6), "fc7", 4096)
    return {"fc6": fc6, "fc7": fc7, "fc8": inner_product(relu(fc7), "fc8", 1000)}


def deconvolution(x, name, outputs, kernel, stride):
    """Caffe's weights are [inputs, outputs, rows, cols], as PyTorch's of a transposed convolution."""
    outputs = width(outputs)
    weights = parameter(f"{name}.weight", x.shape[1], outputs, kernel, kernel)
    return conv_transpose2d(x, weights, parameter(f"{name}.bias", outputs), stride, 1)


def generator(features):
    x = features
    for name in ("defc7", "defc6", "defc5"):
        x = leaky_relu(inner_product(x, name, 4096), 0.3)
    x = x.reshape(-1, width(256), 4, 4)
    for name, outputs, kernel, stride in (
        ("deconv5", 256, 4, 2), ("conv5_1", 512, 3, 1), ("deconv4", 256, 4, 2), ("conv4_1", 256, 3, 1),
        ("deconv3", 128, 4, 2), ("conv3_1", 128, 3, 1), ("deconv2", 64, 4, 2), ("deconv1", 32, 4, 2),
    ):  # fmt: skip
        x = leaky_relu(deconvolution(x, name, outputs, kernel, stride), 0.3)
    x = deconvolution(x, "deconv0", 3, 4, 2)
    assert x.shape[1:] == (3, 256, 256)
    first = (256 - SIDE) // 2
    return x[:, :, first : first + SIDE, first : first + SIDE]


def caffe_input(frames):
    """Blue, green, red; 0 to 255 less the mean of the channel."""
    return torch.tensor((frames[..., ::-1] - MEAN).astype(np.float32).transpose(0, 3, 1, 2).copy())


def test_features(dims):
    """Two features, from -8 to 8."""
    return torch.tensor((16 * uniform("feature", 2 * dims) - 8).astype(np.float32).reshape(2, dims))


@torch.no_grad()
def main():
    for layer, values in caffenet(caffe_input(test_images(SIDE))).items():
        store(f"caffenet-{layer}", values.numpy())
    for layer, dims in (("fc6", 4096), ("fc8", 1000)):
        store(f"deepsim-{layer}", generator(test_features(width(dims))).flatten(1)[:, ::SUBSAMPLE].numpy())


if __name__ == "__main__":
    main()
