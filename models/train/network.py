"""AlexNet with a quarter of the channels, plain and anti-aliased.

Topologies: torchvision `models/alexnet.py`; Zhang, "Making Convolutional Networks Shift-Invariant Again" (2019),
AlexNet with Bin-5 filters.
"""

import torch
from torch import nn
from torch.nn import functional

CONV_CHANNELS = (16, 48, 96, 64, 64)
FC_WIDTH = 768
POOLED_SIDE = 6
BINOMIAL_5 = (1.0, 4.0, 6.0, 4.0, 1.0)

VARIANTS = ("base", "aa", "noflip")


def binomial_filter(channels):
    """Depthwise low-pass filter [channels, 1, 5, 5]. Each 5x5 slice sums to 1."""
    row = torch.tensor(BINOMIAL_5)
    square = torch.outer(row, row)
    return (square / square.sum()).repeat(channels, 1, 1, 1)


class BlurPool(nn.Module):
    """Reflection padding by 2, then a binomial 5x5 low-pass filter with stride 2."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        self.register_buffer("filter", binomial_filter(channels))

    def forward(self, maps):
        padded = functional.pad(maps, (2, 2, 2, 2), mode="reflect")
        return functional.conv2d(padded, self.filter, stride=2, groups=self.channels)


class ConvUnit(nn.Module):
    """Convolution, batch normalisation (folded by the export) and ReLU."""

    def __init__(self, inputs, outputs, kernel, stride, padding):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, maps):
        return functional.relu(self.norm(self.conv(maps)))

    def folded(self):
        """Weight and bias of a convolution that equals convolution and batch normalisation in evaluation mode."""
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return (
            self.conv.weight * gain.view(-1, 1, 1, 1),
            self.norm.bias - self.norm.running_mean * gain,
        )


def pooling(channels, antialiased):
    """The layers that halve the resolution after conv1, conv2 and conv5."""
    if antialiased:
        return [nn.MaxPool2d(3, 1), BlurPool(channels)]
    return [nn.MaxPool2d(3, 2)]


class TinyAlexNet(nn.Module):
    """Input float [N, 3, 224, 224], normalised; output fc8, float [N, classes].

    Images of side 128 work, too: their 3x3 pooled maps are enlarged to 6x6 by repeating each element.
    """

    def __init__(self, classes, antialiased=False, dropout=0.0):
        super().__init__()
        c1, c2, c3, c4, c5 = CONV_CHANNELS
        first = [ConvUnit(3, c1, 11, 2 if antialiased else 4, 2)]
        if antialiased:
            first.append(BlurPool(c1))
        self.features = nn.Sequential(
            *first,
            *pooling(c1, antialiased),
            ConvUnit(c1, c2, 5, 1, 2),
            *pooling(c2, antialiased),
            ConvUnit(c2, c3, 3, 1, 1),
            ConvUnit(c3, c4, 3, 1, 1),
            ConvUnit(c4, c5, 3, 1, 1),
            *pooling(c5, antialiased),
        )
        self.dropout = nn.Dropout(dropout)
        self.fc6 = nn.Linear(c5 * POOLED_SIDE**2, FC_WIDTH)
        self.fc7 = nn.Linear(FC_WIDTH, FC_WIDTH)
        self.fc8 = nn.Linear(FC_WIDTH, classes)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        nn.init.normal_(self.fc8.weight, std=0.01)

    def forward(self, images):
        # contiguous() gives the order channel, row, column, as in the exported graph.
        maps = functional.interpolate(self.features(images), POOLED_SIDE).contiguous().flatten(1)
        fc6 = self.fc6(self.dropout(maps))
        fc7 = self.fc7(self.dropout(functional.relu(fc6)))
        return self.fc8(functional.relu(fc7))


def build(variant, classes, dropout=0.0):
    """The network of a variant. `noflip` differs from `base` only in its training data."""
    return TinyAlexNet(classes, antialiased=variant == "aa", dropout=dropout)
