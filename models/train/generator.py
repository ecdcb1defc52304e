"""Generators that draw an image from a feature of the embedded encoder.

The topology is that of Dosovitskiy and Brox, "Generating Images with Perceptual Similarity Metrics based on Deep
Networks" (2016), with fewer channels.
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
# For maps up to this side length, PyTorch's bfloat16 convolutions are several times slower than those in float32.
FLOAT32_SIDE = 8

# Name, output channels, kernel size. Kernels of 4 double the resolution (stride 2), kernels of 3 keep it. Padding is 1.
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
LAST = DECONVOLUTIONS[-1][0]
CROPPED = ("deconv2", "deconv1", "deconv0")
NORMALISED = ("deconv5", "conv5_1", "deconv4", "conv4_1", "deconv3", "conv3_1")
# The sketch is drawn from the output of these layers, which has 16 x 16 pixels. The middle 14 x 14 are the frame.
SKETCHED = NORMALISED[:4]
SKETCH_SCALE = 16
SKETCH_MARGIN = MARGIN // SKETCH_SCALE


class Doubling(nn.ConvTranspose2d):
    """Transposed convolution of kernel 4, stride 2 and padding 1, [N, in, h, w] to [N, out, 2h, 2w]."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 4, 2, 1)

    def blocks(self, maps, padding):
        """The output with another margin: [N, out, 2h - 2 + 4 padding, 2w - 2 + 4 padding].

        Every 2x2 block of the output depends on 2x2 inputs. So a convolution with four times the channels, followed by
        a pixel shuffle, gives equal values. Under autocast, this is faster than the transposed convolution.
        """
        inputs, outputs = self.weight.shape[:2]
        taps = self.weight.view(inputs, outputs, 2, 2, 2, 2).flip(2, 4)
        weight = taps.permute(1, 3, 5, 0, 2, 4).reshape(4 * outputs, inputs, 2, 2)
        blocks = functional.conv2d(maps, weight, self.bias.repeat_interleave(4), padding=padding)
        return functional.pixel_shuffle(blocks, 2)

    def forward(self, maps):
        if not torch.is_autocast_enabled("cpu"):
            return super().forward(maps)
        return self.blocks(maps, 1)[:, :, 1:-1, 1:-1]


class Generator(nn.Module):
    """Input feature float [N, dims] before ReLU; output float [N, 3, 224, 224] in the encoder's input units.

    Features are decorrelated first: minus `feature_mean` [dims], then times `whitening` [dims, dims], both from
    training scenes. The layers up to conv3_1 have batch normalisation; in later layers, it would cost more than it
    helps. The export folds whitening and batch normalisation into the layers, and omits `sketched`, which only the
    training uses.
    """

    def __init__(self, dims):
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(dims))
        self.register_buffer("whitening", torch.eye(dims))
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
        self.sketched = nn.Conv2d(self.deconvolutions[SKETCHED[-1]].out_channels, 3, 1)
        self.norms = nn.ModuleDict(
            {name: nn.BatchNorm1d(layer.out_features) for name, layer in self.connected.items()}
            | {name: nn.BatchNorm2d(self.deconvolutions[name].out_channels) for name in NORMALISED}
        )
        self.initialise()

    def initialise(self):
        """He initialisation for leaky ReLU."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                seen = layer.in_features
            elif isinstance(layer, nn.ConvTranspose2d):
                seen = layer.in_channels * (4 if isinstance(layer, Doubling) else 9)
            else:
                continue
            nn.init.normal_(layer.weight, std=(2 / ((1 + SLOPE**2) * seen)) ** 0.5)
            nn.init.zeros_(layer.bias)

    def first_maps(self, features):
        """The output of the fully connected layers, [N, FIRST_CHANNELS, FIRST_SIDE, FIRST_SIDE]."""
        with torch.autocast("cpu", enabled=False):
            values = (features - self.feature_mean) @ self.whitening
        for name, layer in self.connected.items():
            values = functional.leaky_relu(self.norms[name](layer(values)), SLOPE)
        maps = values.float().view(-1, FIRST_CHANNELS, FIRST_SIDE, FIRST_SIDE)
        return maps.contiguous(memory_format=torch.channels_last)

    def sketch(self, features):
        """The image at a sixteenth of the side length, float [N, 3, 14, 14]; much cheaper than the whole image."""
        maps = self.first_maps(features)
        for name in SKETCHED:
            maps = self.in_faster_type(name, maps)
        return self.sketched(maps)[:, :, SKETCH_MARGIN:-SKETCH_MARGIN, SKETCH_MARGIN:-SKETCH_MARGIN]

    def forward(self, features):
        maps = self.first_maps(features)
        if torch.is_autocast_enabled("cpu"):
            return self.draw_centre(maps)
        for name in self.deconvolutions:
            maps = self.finished(name, self.deconvolutions[name](maps))
        return maps[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]

    def draw_centre(self, maps):
        """Draws the image under autocast. Skips pixels that forward() would crop, and uses each layer's faster type."""
        for name, layer in self.deconvolutions.items():
            if name in CROPPED:
                # forward() crops 16 of 256 pixels at each border. At sides 128, 64 and 32, it needs 7, 3 and 1 less.
                maps = layer.blocks(maps[:, :, 1:-1, 1:-1] if name == CROPPED[0] else maps, 0)
                maps = self.finished(name, maps)
            else:
                maps = self.in_faster_type(name, maps)
        return maps[:, :, 1:-1, 1:-1]

    def in_faster_type(self, name, maps):
        """A layer's output under autocast, computed in the type that is faster at this size."""
        with torch.autocast("cpu", enabled=maps.shape[2] > FLOAT32_SIDE):
            maps = self.deconvolutions[name](maps)
        return self.finished(name, maps)

    def finished(self, name, maps):
        if name in NORMALISED:
            maps = self.norms[name](maps)
        return maps if name == LAST else functional.leaky_relu(maps, SLOPE)

    @torch.no_grad()
    def fold(self):
        """Moves whitening and batch normalisation into the layers. For evaluation only."""
        first = self.connected["defc7"]
        first.weight.copy_(first.weight @ self.whitening.T)
        self.whitening.copy_(torch.eye(len(self.whitening)))
        for name, norm in self.norms.items():
            layer, output_axis = (
                (self.connected[name], 0) if name in self.connected else (self.deconvolutions[name], 1)
            )
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            shape = [1] * layer.weight.dim()
            shape[output_axis] = -1
            layer.weight.mul_(gain.view(shape))
            layer.bias.copy_(norm.bias + (layer.bias - norm.running_mean) * gain)
            norm.reset_parameters()
            norm.running_var.fill_(1 - norm.eps)
