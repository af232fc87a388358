"""Which cells answer for which face, and how wrong they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mimika.training.networks.detect import STRIDES, decode

SIZES = ((0.0, 72.0), (28.0, 192.0), (80.0, 1e9))
"""Face sizes in pixels (geometric mean of the sides) that a stride may answer for; learning decides where two may."""

QUALITY = 0.4
"""How much of the score tells how well the box fits; the rest says only that there is a face.

With 1, as in the source below, a sure face whose edge is a matter of taste scores no higher than a doubtful button."""

_FAR = 1e5
_MOST = 9


@dataclass(frozen=True, slots=True)
class Faces:
    """The faces of a batch in one list: `image` (g,), `boxes` (g, 4) corners, `points` (g, 10), `known` (g,)."""

    image: Tensor
    boxes: Tensor
    points: Tensor
    known: Tensor

    @classmethod
    def of(cls, labels: Tensor, kind: int) -> Faces:
        """Take the rows of one kind, 1 for faces, 2 for those to ignore, out of (n, rows, 16) labels."""
        image, row = torch.nonzero(labels[..., 15] == kind, as_tuple=True)
        chosen = labels[image, row]
        return cls(image, chosen[:, :4], chosen[:, 4:14], chosen[:, 14])


def box_overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return IoU and generalised IoU of (..., 4) corner boxes. Source: Rezatofighi et al., CVPR 2019."""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    ratio = shared / union.clamp(min=1e-6)
    return ratio, ratio - (hull - union) / hull.clamp(min=1e-6)


def candidates(boxes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the (g, 27) cells around each box's centre, three by three a stride, and which of them may answer."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1).prod(1).sqrt()
    around = torch.stack(torch.meshgrid(torch.arange(-1, 2), torch.arange(-1, 2), indexing="ij"), -1).reshape(-1, 2)
    around = around.to(boxes.device)
    cells, allowed, start = [], [], 0
    for stride, (low, high) in zip(STRIDES, SIZES, strict=True):
        rows, columns = height // stride, width // stride
        limit = torch.tensor([columns - 1, rows - 1], device=boxes.device)
        base = torch.minimum((centre / stride).long(), limit)
        spot = base[:, None] + around
        inside = ((spot >= 0) & (spot <= limit)).all(-1)
        spot = torch.minimum(spot.clamp(min=0), limit)
        cells.append(start + spot[..., 1] * columns + spot[..., 0])
        allowed.append(inside & ((size >= low) & (size <= high))[:, None])
        start += rows * columns
    return torch.cat(cells, 1), torch.cat(allowed, 1)


@torch.no_grad()
def assign(faces: Faces, boxes: Tensor, logits: Tensor, grid: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Choose the cells that answer for each face; returns (m,) cells counted over the whole batch and their (m,) faces.

    `boxes` (n, k, 4) and `logits` (n, k) are what the network says now. A face gets as many cells as the overlaps of
    its best candidates add up to. Source: Ge et al., "YOLOX", 2021 (simplified OTA), here over the 27 cells nearest to
    the face's centre.
    """
    cells, allowed = candidates(faces.boxes, *shape)
    image = faces.image[:, None]
    overlap = box_overlap(boxes[image, cells], faces.boxes[:, None])[0]
    middle = (faces.boxes[:, None, :2] + faces.boxes[:, None, 2:]) / 2
    distance = ((grid[cells][..., :2] - middle) / grid[cells][..., 2:]).square().sum(-1)
    cost = functional.softplus(-logits[image, cells]) - 3 * overlap.clamp(min=1e-4).log() + 0.5 * distance
    cost = torch.where(allowed, cost, cost + _FAR)
    count = torch.where(allowed, overlap, 0).topk(_MOST, 1).values.sum(1).long().clamp(1, _MOST)
    rank = cost.argsort(1).argsort(1)
    chosen = (rank < count[:, None]) & allowed
    face, column = torch.nonzero(chosen, as_tuple=True)
    flat = faces.image[face] * logits.shape[1] + cells[face, column]
    price = cost[face, column]
    # Where two faces want one cell, the cheaper match wins.
    best = torch.full((logits.numel(),), float("inf"), device=price.device).scatter_reduce(0, flat, price, "amin")
    kept = price <= best[flat]
    return flat[kept], face[kept]


def covered(ignored: Faces, grid: Tensor, count: int) -> Tensor:
    """Return (n, k), True for cells whose centre lies in a face to ignore."""
    mask = torch.zeros(count, len(grid), dtype=torch.bool, device=grid.device)
    for image, box in zip(ignored.image.tolist(), ignored.boxes, strict=True):
        margin = grid[:, 2:] * 0.5
        mask[image] |= ((grid[:, :2] >= box[:2] - margin) & (grid[:, :2] <= box[2:] + margin)).all(1)
    return mask


def detect_loss(raw: Tensor, grid: Tensor, labels: Tensor, shape: tuple[int, int]) -> dict[str, Tensor]:
    """Return the parts of the loss: `score`, `box` and `points`.

    `raw` (n, k, 15) float32, `grid` (k, 3), `labels` (n, rows, 16), `shape` height and width of the pictures. The score
    learns that there is a face and, by `QUALITY`, the overlap of its own box (quality focal loss). Source: Li et al.,
    "Generalized focal loss", NeurIPS 2020.
    """
    boxes, points = decode(raw, grid)
    logits = raw[..., 0]
    faces, ignored = Faces.of(labels, 1), Faces.of(labels, 2)
    flat, face = assign(faces, boxes.detach(), logits.detach(), grid, shape)
    wanted = faces.boxes[face]
    overlap, general = box_overlap(boxes.reshape(-1, 4)[flat], wanted)
    target = torch.zeros(logits.numel(), device=raw.device)
    target[flat] = 1 - QUALITY * (1 - overlap.detach())
    weight = (~covered(ignored, grid, len(raw))).float().reshape(-1)
    weight[flat] = 1.0
    all_logits = logits.reshape(-1)
    focal = (target - all_logits.sigmoid()).square() * functional.binary_cross_entropy_with_logits(
        all_logits, target, reduction="none"
    )
    number = max(1, len(flat))
    size = (wanted[:, 2:] - wanted[:, :2]).clamp(min=1).prod(1).sqrt()
    error = (points.reshape(-1, 10)[flat] - faces.points[face]) / size[:, None]
    distance = functional.smooth_l1_loss(error, torch.zeros_like(error), beta=0.05, reduction="none").mean(1)
    known = faces.known[face]
    return {
        "score": (focal * weight).sum() / number,
        "box": (1 - general).sum() / number,
        "points": (distance * known).sum() / known.sum().clamp(min=1),
    }
