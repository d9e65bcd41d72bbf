"""Times, clinicians and rooms on the best days: the steadiest, then the earliest, then by name, exactly.

Backwards over the graph of days, the choices of each day are sorted by the fewest changes that follow them; whole
sets of choices go on at once. Forwards, what is optimal is narrowed three times: to the earliest starts, to the first
rooms, to the first clinicians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from scheduling.domain.planner.days import DayGraph
from scheduling.domain.planner.grid import CHANGES, Choice, Grid, bits_of, grid_of

#: Choices by the fewest changes that follow them.
Levels = dict[int, int]
#: Choices by node of the day graph and by the changes that follow them.
Layer = dict[tuple[int, int], int]


def best_visits(graph: DayGraph, choices_of: Callable[[int], Sequence[Choice]]) -> list[tuple[int, Choice]]:
    """The (day, choice) of each visit of the best layout on `graph`; `choices_of` gives the choices of a day."""
    on = {day: choices_of(day) for day in {day for day, _ in graph.nodes}}
    grid = grid_of(choice for choices in on.values() for choice in choices)
    masks = {day: grid.mask(choices) for day, choices in on.items()}
    return [(day, grid.choice(bit)) for day, bit in best_bits(graph, grid, masks.__getitem__)]


def best_bits(graph: DayGraph, grid: Grid, mask_of: Callable[[int], int]) -> list[tuple[int, int]]:
    """The same with choices as bits of `grid`; `mask_of` gives those of a day, which are never none."""
    ways = _Ways(graph, grid, mask_of)
    layers = ways.narrow(ways.everything(), ways.earliest)
    layers = ways.narrow(ways.alive(layers), ways.first_room)
    layers = ways.narrow(ways.alive(layers), ways.first_clinician)
    found = []
    for layer in ways.alive(layers):
        (node, _), mask = next(iter(layer.items()))
        found.append((graph.nodes[node][0], next(bits_of(mask))))
    return found


class _Ahead:
    """What reaches some nodes, with the fewest changes from then on; looked up as far as it is asked for."""

    def __init__(self, grid: Grid, nodes: Iterable[Levels]) -> None:
        together = Levels()
        for levels in nodes:
            for cost, mask in levels.items():
                together[cost] = together.get(cost, 0) | mask
        self._grid, self._reached = grid, list[tuple[int, int]]()
        self._todo = sorted(
            ((cost + change, change, together[cost]) for cost in together for change in CHANGES), reverse=True
        )

    def reached(self) -> Iterator[tuple[int, int]]:
        """The changes from then on, fewest first, and all choices that go on with so many."""
        yield from self._reached
        while self._todo:
            cost, change, mask = self._todo.pop()
            self._reached.append((cost, self._grid.reach(mask, change)))
            yield self._reached[-1]


class _Ways:
    """All ways through the graph with the fewest changes."""

    def __init__(self, graph: DayGraph, grid: Grid, mask_of: Callable[[int], int]) -> None:
        self.graph, self.grid = graph, grid
        self.levels: list[Levels] = []
        self._ahead: dict[tuple[int, ...], _Ahead] = {}
        for day, follow in graph.nodes:  # nodes come after what follows them
            self.levels.append(self._sorted(mask_of(day), follow) if follow else {0: mask_of(day)})

    def _sorted(self, mask: int, follow: tuple[int, ...]) -> Levels:
        """The choices `mask` by the fewest changes with which they go on."""
        if follow not in self._ahead:
            self._ahead[follow] = _Ahead(self.grid, [self.levels[node] for node in follow])
        levels = Levels()
        for cost, reached in self._ahead[follow].reached():
            if here := mask & reached:
                levels[cost] = levels.get(cost, 0) | here
                mask ^= here
                if not mask:
                    break
        return levels

    def everything(self) -> list[Layer]:
        """All there is, layer by layer; the first holds only what is optimal."""
        least = min(min(self.levels[root]) for root in self.graph.roots)
        first = {(root, least): self.levels[root][least] for root in self.graph.roots if least in self.levels[root]}
        layers, nodes = [first], self.graph.roots
        while follow := self.graph.nodes[nodes[0]][1]:
            nodes = tuple(dict.fromkeys(after for node in nodes for after in self.graph.nodes[node][1])) or follow
            layers.append({(node, cost): mask for node in nodes for cost, mask in self.levels[node].items()})
        return layers

    def narrow(self, layers: Sequence[Layer], choose: Callable[[Layer], Layer]) -> list[Layer]:
        """What is chosen in each layer among all that follows what was chosen in the one before."""
        narrowed = [choose(layers[0])]
        for layer in layers[1:]:
            narrowed.append(choose(self._after(narrowed[-1], layer)))
        return narrowed

    def alive(self, layers: Sequence[Layer]) -> list[Layer]:
        """Without what leads nowhere."""
        living = [layers[-1]]
        for layer in reversed(layers[:-1]):
            following, alive = living[-1], Layer()
            for (node, cost), mask in layer.items():
                lead = 0
                for after in self.graph.nodes[node][1]:
                    for change in CHANGES:
                        if then := following.get((after, cost - change)):
                            lead |= self.grid.reach(then, change)
                if mask & lead:
                    alive[node, cost] = mask & lead
            living.append(alive)
        return living[::-1]

    def _after(self, before: Layer, layer: Layer) -> Layer:
        """What of `layer` follows what is left of the layer before, each with exactly the changes it was counted with.

        A choice reached with fewer changes than `change` names would have made what is before it cheaper.
        """
        found = Layer()
        for (node, cost), mask in before.items():
            for change in CHANGES:
                reach = 0
                for after in self.graph.nodes[node][1]:
                    then = layer.get((after, cost - change))
                    if then is None:
                        continue
                    reach = reach or self.grid.reach(mask, change)
                    if then & reach:
                        found[after, cost - change] = found.get((after, cost - change), 0) | then & reach
        return found

    def earliest(self, layer: Layer) -> Layer:
        """Those with the earliest start."""
        starts = {key: (self.graph.nodes[key[0]][0], self._time(mask)) for key, mask in layer.items()}
        first = min(starts.values())
        at = self.grid.with_time(first[1])
        return {key: mask & at for key, mask in layer.items() if starts[key] == first}

    def _time(self, mask: int) -> int:
        return self.grid.choice(next(bits_of(mask)))[0]

    def first_room(self, layer: Layer) -> Layer:
        """Those in the first room by name."""
        room = min(self.grid.choice(bit)[2] for mask in layer.values() for bit in bits_of(mask))
        return _within(layer, self.grid.with_room(room))

    def first_clinician(self, layer: Layer) -> Layer:
        """Those with the first clinician by name."""
        clinician = min(self.grid.choice(bit)[1] for mask in layer.values() for bit in bits_of(mask))
        return _within(layer, self.grid.with_clinician(clinician))


def _within(layer: Layer, allowed: int) -> Layer:
    return {key: mask & allowed for key, mask in layer.items() if mask & allowed}
