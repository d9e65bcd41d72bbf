"""Times, clinicians and rooms on the best days: parts 5 to 8 of the objective, exactly.

Backwards over the graph of days, each choice (time, clinician, room) gets the fewest changes that follow it. One
table lookup for each way to match the next choice replaces comparing all pairs. Forwards, the earliest starts are
taken among what is optimal; last, rooms and clinicians by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scheduling.domain.planner.days import DayGraph

#: Seconds since midnight at the wall clock, clinician, room.
Choice = tuple[int, str, str]
#: A node of the day graph and the choice made there.
Step = tuple[int, Choice]

#: The three counts of changes as one number: each is at most 7 (P1), so that digits never carry.
TIME, CLINICIAN, ROOM = 1 << 8, 1 << 4, 1
EVERYTHING = TIME + CLINICIAN + ROOM
NEVER = 1 << 16


def changes(one: Choice, following: Choice) -> int:
    """Parts 5 to 7 of one step, as one number."""
    return (one[0] != following[0]) * TIME + (one[1] != following[1]) * CLINICIAN + (one[2] != following[2]) * ROOM


class _Ahead:
    """The fewest changes from here on, by what of the next choice stays the same."""

    def __init__(self) -> None:
        self.same: dict[Choice, int] = {}
        self.time_clinician: dict[tuple[int, str], int] = {}
        self.time_room: dict[tuple[int, str], int] = {}
        self.clinician_room: dict[tuple[str, str], int] = {}
        self.time: dict[int, int] = {}
        self.clinician: dict[str, int] = {}
        self.room: dict[str, int] = {}
        self.nothing = NEVER

    def add(self, choices: dict[Choice, int]) -> None:
        for choice, cost in choices.items():
            time, clinician, room = choice
            if cost < self.same.get(choice, NEVER):
                self.same[choice] = cost
            if cost < self.time_clinician.get((time, clinician), NEVER):
                self.time_clinician[time, clinician] = cost
            if cost < self.time_room.get((time, room), NEVER):
                self.time_room[time, room] = cost
            if cost < self.clinician_room.get((clinician, room), NEVER):
                self.clinician_room[clinician, room] = cost
            if cost < self.time.get(time, NEVER):
                self.time[time] = cost
            if cost < self.clinician.get(clinician, NEVER):
                self.clinician[clinician] = cost
            if cost < self.room.get(room, NEVER):
                self.room[room] = cost
            self.nothing = min(self.nothing, cost)

    def after(self, choice: Choice) -> int:
        """The fewest changes after `choice`; a match counted as a change loses to the table that knows better."""
        time, clinician, room = choice
        return min(
            self.same.get(choice, NEVER),
            self.time_clinician.get((time, clinician), NEVER) + ROOM,
            self.time_room.get((time, room), NEVER) + CLINICIAN,
            self.clinician_room.get((clinician, room), NEVER) + TIME,
            self.time.get(time, NEVER) + CLINICIAN + ROOM,
            self.clinician.get(clinician, NEVER) + TIME + ROOM,
            self.room.get(room, NEVER) + TIME + CLINICIAN,
            self.nothing + EVERYTHING,
        )


def best_visits(graph: DayGraph, choices_of: Callable[[int], Sequence[Choice]]) -> list[tuple[int, Choice]]:
    """The (day, choice) of each visit of the best layout on `graph`; `choices_of` gives the choices of a day."""
    costs = _costs(graph, choices_of)
    layers = [_earliest(graph, [(root, choice, cost) for root in graph.roots for choice, cost in costs[root].items()])]
    while graph.nodes[layers[-1][0][0]][1]:
        layers.append(_earliest(graph, _optimal_steps(graph, costs, layers[-1])))
    return [(graph.nodes[node][0], choice) for node, choice in _by_name(graph, costs, layers)]


def _costs(graph: DayGraph, choices_of: Callable[[int], Sequence[Choice]]) -> list[dict[Choice, int]]:
    """For each node, each choice of its day with the fewest changes that follow. Nodes come after what follows them."""
    costs: list[dict[Choice, int]] = []
    ahead: dict[tuple[int, ...], _Ahead] = {}
    for day, follow in graph.nodes:
        if not follow:
            costs.append(dict.fromkeys(choices_of(day), 0))
            continue
        if follow not in ahead:
            ahead[follow] = _Ahead()
            for node in follow:
                ahead[follow].add(costs[node])
        after = ahead[follow].after
        costs.append({choice: after(choice) for choice in choices_of(day)})
    return costs


def _earliest(graph: DayGraph, steps: Sequence[tuple[int, Choice, int]]) -> list[Step]:
    """Of the cheapest steps, those with the earliest start."""
    cheapest = min(cost for _, _, cost in steps)
    starts = [((graph.nodes[node][0], choice[0]), node, choice) for node, choice, cost in steps if cost == cheapest]
    earliest = min(starts)[0]
    return list(dict.fromkeys((node, choice) for start, node, choice in starts if start == earliest))


def _optimal_steps(
    graph: DayGraph, costs: Sequence[dict[Choice, int]], layer: Sequence[Step]
) -> list[tuple[int, Choice, int]]:
    """All next steps that keep what is optimal, as cost 0."""
    return [
        (after, following, 0)
        for node, choice in layer
        for after in graph.nodes[node][1]
        for following, cost in costs[after].items()
        if cost + changes(choice, following) == costs[node][choice]
    ]


def _by_name(graph: DayGraph, costs: Sequence[dict[Choice, int]], layers: Sequence[Sequence[Step]]) -> list[Step]:
    """The path through `layers` with the first rooms, then the first clinicians, by name."""
    ends: dict[Step, tuple[tuple[str, ...], tuple[str, ...], list[Step]]] = {
        (node, choice): ((choice[2],), (choice[1],), [(node, choice)]) for node, choice in layers[-1]
    }
    for layer in reversed(layers[:-1]):
        following, ends = ends, {}
        for node, choice in layer:
            after = [
                rest
                for (onward, then), rest in following.items()
                if onward in graph.nodes[node][1] and costs[onward][then] + changes(choice, then) == costs[node][choice]
            ]
            if after:
                rooms, clinicians, path = min(after, key=lambda rest: rest[:2])
                ends[node, choice] = ((choice[2], *rooms), (choice[1], *clinicians), [(node, choice), *path])
    return min(ends.values(), key=lambda rest: rest[:2])[2]
