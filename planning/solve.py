"""The best order of a shift's stops by OR-Tools: an open tour of one worker with opening hours, deadlines that cost,
and stops that may be left out at a price. Loading the library takes 0.1 s and 31 MB, so only who plans loads it.
"""

from __future__ import annotations

from itertools import pairwise

from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from planning.schedule import EAGER_WEIGHT, LATE_WEIGHT, Costs

SEARCH_MS, SEARCH_MS_A_STOP, SEARCH_MS_AT_MOST = 20, 8, 400
"""How long better orders are looked for; a first one is there after some ms. At the beginning of a shift all ask."""
PATIENCE = (1, 10, 100)
"""Times that: a machine that is busy with other work may not come to a first order, which is no route without stops, or
no further than to one that leaves out what there is room for."""
OPERATORS = ("exchange", "extended_swap_active", "full_path_lns", "tsp_opt")
"""Beside the usual ones: two stops change places, or a visited one with one that is left out."""


def solve(costs: Costs) -> list[int]:
    """Indices of the stops in the order of their visits; those that do not fit are not in it."""
    stops, shift = costs.stops, costs.shift
    if not stops:
        return []
    end = len(stops) + 1
    nodes = pywrapcp.RoutingIndexManager(end + 1, 1, [0], [end])
    routing = pywrapcp.RoutingModel(nodes)

    # It may end anywhere, and whoever is at a stop stays for its visit.
    walk = [[*row, 0] for row in costs.walk] + [[0] * (end + 1)]
    stay = [0, *(stop.seconds for stop in stops), 0]
    takes = [[stay[a] + seconds for seconds in row] for a, row in enumerate(walk)]
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(walk))
    arrives = routing.RegisterTransitMatrix(takes)
    # The same time twice: a bound that costs can be set once a dimension.
    for name in ("time", "eager"):
        routing.AddDimension(arrives, shift.seconds, shift.seconds, True, name)
    time, eager = routing.GetDimensionOrDie("time"), routing.GetDimensionOrDie("eager")
    time.SetCumulVarSoftUpperBound(routing.End(0), 0, 1)
    for i, stop in enumerate(stops):
        index, spans = nodes.NodeToIndex(i + 1), costs.spans[i]
        if not spans:
            routing.AddDisjunction([index], 0)
            routing.ActiveVar(index).SetValue(0)
            continue
        routing.AddDisjunction([index], costs.skipping(i))
        begins = time.CumulVar(index)
        begins.SetRange(spans[0][0], spans[-1][1])
        for (_, last), (first, _) in pairwise(spans):
            if last + 1 < first:
                begins.RemoveInterval(last + 1, first - 1)
        if (due := costs.dues[i]) is not None:
            time.SetCumulVarSoftUpperBound(index, due, LATE_WEIGHT[stop.urgency])
        if (aim := costs.aims[i]) is not None:
            eager.SetCumulVarSoftUpperBound(index, aim, EAGER_WEIGHT)
            routing.solver().Add(eager.CumulVar(index) == begins)
        routing.AddVariableMinimizedByFinalizer(begins)

    how = pywrapcp.DefaultRoutingSearchParameters()
    how.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    how.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    for operator in OPERATORS:
        setattr(how.local_search_operators, f"use_{operator}", optional_boolean_pb2.BOOL_TRUE)
    order: list[int] | None = None
    for patience in PATIENCE:
        how.time_limit.FromMilliseconds(patience * min(SEARCH_MS_AT_MOST, SEARCH_MS + SEARCH_MS_A_STOP * len(stops)))
        if (found := routing.SolveWithParameters(how)) is not None:
            order = _order(found, routing, nodes)
            if not _has_room(costs, order):
                break
    if order is None:
        raise RuntimeError("no order of the stops was found, not even one that leaves all of them out")
    return order


def _order(
    found: pywrapcp.Assignment, routing: pywrapcp.RoutingModel, nodes: pywrapcp.RoutingIndexManager
) -> list[int]:
    order: list[int] = []
    index = found.Value(routing.NextVar(routing.Start(0)))
    while not routing.IsEnd(index):
        order.append(nodes.IndexToNode(index) - 1)
        index = found.Value(routing.NextVar(index))
    return order


def _has_room(costs: Costs, order: list[int]) -> bool:
    """Whether a stop that is left out could simply come last: the search was cut off at its first order."""
    left_out = set(range(len(costs.stops))) - set(order)
    return any(costs.spans[i] and costs.turns([*order, i]) is not None for i in left_out)
