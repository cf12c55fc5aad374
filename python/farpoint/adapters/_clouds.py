"""Farthest-point selections from many point clouds. Needs torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch

import farpoint


def select_clouds(
    clouds: Sequence[torch.Tensor], budgets: Sequence[int], starts: Sequence[int]
) -> list[torch.Tensor]:
    """For each cloud ``(n, d)`` its ``budget`` picks from row ``start`` on: rows of that cloud, int64, on the clouds' device.

    A budget of 0 picks nothing. Clouds on a GPU go to it together. Raises as :func:`farpoint.select`.
    """
    device = clouds[0].device if clouds else torch.device("cpu")
    picks = [torch.empty(0, dtype=torch.int64, device=device) for _ in clouds]
    chosen = [cloud for cloud, budget in enumerate(budgets) if budget > 0]
    select = _select_together if device.type == "cuda" and len(chosen) > 1 else _select_in_turn
    rows = select([clouds[c] for c in chosen], [budgets[c] for c in chosen], [starts[c] for c in chosen])
    for cloud, cloud_rows in zip(chosen, rows):
        picks[cloud] = cloud_rows
    return picks


def _select_in_turn(
    clouds: Sequence[torch.Tensor], budgets: Sequence[int], starts: Sequence[int]
) -> list[torch.Tensor]:
    chosen = zip(clouds, budgets, starts)
    return [farpoint.select(cloud, budget, first=start).centers for cloud, budget, start in chosen]


def _select_together(
    clouds: Sequence[torch.Tensor], budgets: Sequence[int], starts: Sequence[int]
) -> list[torch.Tensor]:
    from farpoint.torch import select_batch

    alike = defaultdict(list)
    for cloud, budget in enumerate(budgets):
        alike[budget].append(cloud)
    picks: dict[int, torch.Tensor] = {}
    for budget, members in alike.items():
        rows = select_batch([_start_first(clouds[c], starts[c]) for c in members], budget)
        picks.update((c, _before_the_move(cloud_rows, starts[c])) for c, cloud_rows in zip(members, rows))
    return [picks[cloud] for cloud in range(len(clouds))]


def _start_first(cloud: torch.Tensor, start: int) -> torch.Tensor:
    """The cloud with row ``start`` moved to the front, where a batch begins. The other rows keep their order, so ties do."""
    if start == 0:
        return cloud
    return torch.cat([cloud[start : start + 1], cloud[:start], cloud[start + 1 :]])


def _before_the_move(rows: torch.Tensor, start: int) -> torch.Tensor:
    behind = torch.where(rows <= start, rows - 1, rows)
    return torch.where(rows == 0, start, behind)
