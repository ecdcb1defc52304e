"""Generators that draw an image from a feature of the embedded encoder.

Source of the topology: Dosovitskiy and Brox, "Generating Images with Perceptual Similarity
Metrics based on Deep Networks" (2016), with fewer channels.
"""

import torch
from torch import nn
from torch.nn import functional

from samples import FRAME

LAYERS = ("fc6", "fc7", "fc8")
FC_WIDTH = 768
FIRST_CHANNELS = 96
FIRST_SIDE = 4
OUTPUT_SIDE = 256
MARGIN = (OUTPUT_SIDE - FRAME) // 2
SLOPE = 0.3
# Up to this side PyTorch's bfloat16 convolutions are several times slower than float32.
FLOAT32_SIDE = 8

# Name, channels out, kernel: 4 doubles the resolution (stride 2), 3 keeps it; padding is 1.
DECONVOLUTIONS = (
    ("deconv5", 128, 4),
    ("conv5_1", 160, 3),
    ("deconv4", 96, 4),
    ("conv4_1", 96, 3),
    ("deconv3", 64, 4),
    ("conv3_1", 64, 3),
    ("deconv2", 32, 4),
    ("deconv1", 16, 4),
    ("deconv0", 3, 4),
)


class Doubling(nn.ConvTranspose2d):
    """Transposed convolution of kernel 4, stride 2 and padding 1, [N, in, h, w] to [N, out, 2h, 2w].

    Every 2x2 block of its output before the padding is cut off depends on 2x2 inputs: a
    convolution with four times the channels and a pixel shuffle, which autocast computes faster.
    """

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 4, 2, 1)

    def forward(self, maps):
        if not torch.is_autocast_enabled("cpu"):
            return super().forward(maps)
        inputs, outputs = self.weight.shape[:2]
        taps = self.weight.view(inputs, outputs, 2, 2, 2, 2).flip(2, 4)
        weight = taps.permute(1, 3, 5, 0, 2, 4).reshape(4 * outputs, inputs, 2, 2)
        blocks = functional.conv2d(maps, weight, self.bias.repeat_interleave(4), padding=1)
        return functional.pixel_shuffle(blocks, 2)[:, :, 1:-1, 1:-1]


class Generator(nn.Module):
    """Input feature float [N, dims] before ReLU; output float [N, 3, 224, 224] in the encoder's input units.

    `feature_mean` and `feature_scale` (float [dims]) are the statistics of the training scenes.
    """

    def __init__(self, dims):
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(dims))
        self.register_buffer("feature_scale", torch.ones(dims))
        self.connected = nn.ModuleDict()
        inputs = dims
        for name, outputs in (("defc7", FC_WIDTH), ("defc6", FC_WIDTH), ("defc5", FIRST_CHANNELS * FIRST_SIDE**2)):
            self.connected[name] = nn.Linear(inputs, outputs)
            inputs = outputs
        self.deconvolutions = nn.ModuleDict()
        inputs = FIRST_CHANNELS
        for name, outputs, kernel in DECONVOLUTIONS:
            doubles = kernel == 4
            layer = Doubling(inputs, outputs) if doubles else nn.ConvTranspose2d(inputs, outputs, 3, 1, 1)
            self.deconvolutions[name] = layer
            inputs = outputs
        self.initialise()

    def initialise(self):
        """He initialisation for leaky ReLU, by the inputs that one output sees."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                seen = layer.in_features
            elif isinstance(layer, nn.ConvTranspose2d):
                seen = layer.in_channels * (4 if isinstance(layer, Doubling) else 9)
            else:
                continue
            nn.init.normal_(layer.weight, std=(2 / ((1 + SLOPE**2) * seen)) ** 0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, features):
        values = (features - self.feature_mean) / self.feature_scale
        for layer in self.connected.values():
            values = functional.leaky_relu(layer(values), SLOPE)
        maps = values.float().view(-1, FIRST_CHANNELS, FIRST_SIDE, FIRST_SIDE)
        maps = maps.contiguous(memory_format=torch.channels_last)
        autocast = torch.is_autocast_enabled("cpu")
        for name, layer in self.deconvolutions.items():
            with torch.autocast("cpu", enabled=autocast and maps.shape[2] > FLOAT32_SIDE):
                maps = layer(maps)
            if name != DECONVOLUTIONS[-1][0]:
                maps = functional.leaky_relu(maps, SLOPE)
        return maps[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
