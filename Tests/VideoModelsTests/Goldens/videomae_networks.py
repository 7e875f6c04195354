"""Vision transformers for clips with the tensors' names of VideoMAE's code, from the formulas alone: attention is written out."""

import torch
from torch import nn


def positions(count, width):
    """Sines in even columns, cosines in odd ones, of the token's number."""
    rows = torch.arange(count, dtype=torch.float64)[:, None]
    columns = torch.arange(width)
    angles = rows / 10000 ** (2 * (columns // 2) / width)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        query, key, value = self.qkv(x).chunk(3, -1)
        query, value = query + self.q_bias, value + self.v_bias
        query, key, value = (t.unflatten(-1, (self.heads, -1)).movedim(-2, 1) for t in (query, key, value))
        weights = torch.einsum("nhqd,nhkd->nhqk", query, key) / query.shape[-1] ** 0.5
        self.weights = weights.softmax(-1)
        return self.proj(torch.einsum("nhqk,nhkd->nqhd", self.weights, value).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.attn = Attention(width, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        hidden = self.mlp["fc1"](self.norm2(x))
        hidden = hidden * (1 + torch.erf(hidden / 2**0.5)) / 2
        return x + self.mlp["fc2"](hidden)


class Encoder(nn.Module):
    """Patch embedding and blocks: vit-tiny has cubes of 2x8x8, 8 blocks and 3 heads."""

    def __init__(self, width, blocks=8, heads=3, cube=(2, 8, 8)):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv3d(3, width, cube, cube)})
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))

    def tokens(self, clips, kept=None):
        x = self.patch_embed["proj"](clips).flatten(2).mT
        x = x + positions(x.shape[1], x.shape[2]).to(x)
        if kept is not None:
            x = torch.stack([row[places] for row, places in zip(x, kept)])
        for block in self.blocks:
            x = block(x)
        return x


class Classifier(Encoder):
    def __init__(self, width, classes):
        super().__init__(width)
        self.fc_norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def features(self, clips):
        return self.fc_norm(self.tokens(clips).mean(1))

    def forward(self, clips):
        return self.head(self.features(clips))


class Masked(nn.Module):
    """The network of pre-training. Kept and masked places are lists of numbers, for each clip."""

    def __init__(self, width, decoder_blocks=2):
        super().__init__()
        half = width // 2
        self.mask_token = nn.Parameter(torch.zeros(1, 1, half))
        self.encoder = Encoder(width)
        self.encoder.norm = nn.LayerNorm(width, eps=1e-6)
        self.encoder_to_decoder = nn.Linear(width, half, bias=False)
        self.decoder = nn.Module()
        self.decoder.blocks = nn.ModuleList(Block(half, 3) for _ in range(decoder_blocks))
        self.decoder.norm = nn.LayerNorm(half, eps=1e-6)
        self.decoder.head = nn.Linear(half, 3 * 2 * 8 * 8)

    def forward(self, clips, kept, masked):
        seen = self.encoder_to_decoder(self.encoder.norm(self.encoder.tokens(clips, kept)))
        table = positions(len(kept[0]) + len(masked[0]), seen.shape[2]).to(seen)
        # In the tokens' order, unlike the network that is tested.
        rows = []
        for row, places, hidden in zip(seen, kept, masked):
            full = (self.mask_token[0] + table).clone()
            full[places] = row + table[places]
            rows.append(full)
        x = torch.stack(rows)
        for block in self.decoder.blocks:
            x = block(x)
        x = self.decoder.head(self.decoder.norm(x))
        return torch.stack([row[hidden] for row, hidden in zip(x, masked)])


def targets(clips, masked, cube=(2, 8, 8)):
    """The pixels of the masked cubes, normalized for each channel; channels are fastest."""
    result = []
    for clip, hidden in zip(clips, masked):
        t, h, w = (size // side for size, side in zip(clip.shape[1:], cube))
        rows = []
        for number in hidden:
            time, y, x = number // (h * w), number // w % h, number % w
            part = clip[:, time * cube[0]:, y * cube[1]:, x * cube[2]:][:, :cube[0], :cube[1], :cube[2]].flatten(1)
            rows.append(((part - part.mean(1, True)) / (part.std(1, keepdim=True) + 1e-6)).T.flatten())
        result.append(torch.stack(rows))
    return torch.stack(result)
