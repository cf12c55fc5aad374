"""Drop-in replacements for the greedy k-center and farthest-point samplers people use, over :func:`farpoint.select`.

====================================  =======================================================================
import                                in place of
====================================  =======================================================================
``farpoint.adapters.anomalib``        ``anomalib.models.components.KCenterGreedy``; ``patch()`` for PatchCore and MH-PatchCore
``farpoint.adapters.google``          google/active-learning's ``kCenterGreedy``
``farpoint.adapters.patchcore``       the samplers of amazon-science/patchcore-inspection
``farpoint.adapters.pytorch3d``       ``pytorch3d.ops.sample_farthest_points``
``farpoint.adapters.torch_cluster``   ``torch_cluster.fps``
``farpoint.adapters.pyg_lib``         ``pyg_lib.ops.fps``
``farpoint.adapters.fpsample``        fpsample's ``fps_sampling`` and its kinds
``farpoint.adapters.mundig``          ``lightly_mundig.Selection`` with one diversifying strategy
``farpoint.adapters.skmatter``        ``skmatter.sample_selection.FPS``
``farpoint.adapters.astartes``        ``astartes.train_test_split`` by Kennard and Stone
``farpoint.adapters.kennard_stone``   ``kennard_stone.train_test_split``
``farpoint.adapters.calibra``         ``patch()`` for Calibra's selectors
``farpoint.adapters.scikit_activeml``  ``skactiveml.pool.CoreSet``
``farpoint.adapters.modal``            a query strategy for modAL's learners
====================================  =======================================================================

Same arguments, attributes, results and errors; the rows are exact, distinct and the same on every device. Where a peer's
answer is wrong ours differs: ``docs/adapters.md`` lists every difference. This package imports nothing; each module needs what
its peer's callers have at hand anyway: torch, scikit-learn or the peer, and NumPy alone for ``google``, ``fpsample``, ``mundig`` and
``patchcore`` with NumPy features.
"""
