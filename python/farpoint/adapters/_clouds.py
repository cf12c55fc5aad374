"""Farthest-point selections from many point clouds. Needs torch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import torch

from farpoint._frameworks import readable
from farpoint._select import run
from farpoint._terms import terms


class Cloud(NamedTuple):
    """Rows ``begin`` to ``end`` of an array of points, of which ``budget`` are wanted, from row ``start`` of the cloud on."""

    begin: int
    end: int
    budget: int
    start: int


def select_clouds(points: torch.Tensor, clouds: Sequence[Cloud]) -> list[torch.Tensor]:
    """Each cloud's picks: rows counted from the cloud's first, ``(budget,)`` int64, on the device of ``points``, ``(rows, d)``.

    A budget of 0 picks nothing. Raises as :func:`farpoint.select`.
    """
    picks = iter(_picks(points, [cloud for cloud in clouds if cloud.budget > 0]))
    nothing = torch.empty(0, dtype=torch.int64, device=points.device)
    return [next(picks) if cloud.budget > 0 else nothing for cloud in clouds]


def _picks(points: torch.Tensor, clouds: Sequence[Cloud]) -> list[torch.Tensor]:
    # A GPU takes clouds of some thousand rows in one launch; on the CPU each is one core's, so few clouds would leave cores idle.
    if len(clouds) > 1 and (points.is_cuda or len(clouds) >= (os.cpu_count() or 1)):
        # Clouds that are too much for one launch are selected from one by one. That also reports what is wrong with a
        # cloud.
        with contextlib.suppress(ValueError, TypeError):
            return _together(points, clouds)
    return _in_turn(points, clouds)


def _in_turn(points: torch.Tensor, clouds: Sequence[Cloud]) -> list[torch.Tensor]:
    # Clouds are padded with points they have: picks that cover nothing new are no news, and a launch of many tells of none.
    return [run(readable(points[c.begin : c.end]), c.budget, terms(c.end - c.begin, first=c.start)).centers for c in clouds]


def _together(points: torch.Tensor, clouds: Sequence[Cloud]) -> list[torch.Tensor]:
    from farpoint.torch import select_batch

    offsets = [0, *accumulate(cloud.end - cloud.begin for cloud in clouds)]
    budgets = [cloud.budget for cloud in clouds]
    padded = select_batch(_joined(points, clouds), budgets, offsets=offsets, first=[cloud.start for cloud in clouds])
    return [rows[:budget] for rows, budget in zip(padded, budgets)]


def _joined(points: torch.Tensor, clouds: Sequence[Cloud]) -> torch.Tensor:
    """The clouds' points one after another: as they lie, if nothing lies between them."""
    if all(cloud.end == following.begin for cloud, following in pairwise(clouds)):
        return points[clouds[0].begin : clouds[-1].end]
    return torch.cat([points[cloud.begin : cloud.end] for cloud in clouds])
