"""The layout of a picture: where boxes, wires and labels stand, with no text overlapping another.

Layers run from left to right, every box as late as possible. Each layer is ordered for few
crossings, with one extra vertex an edge for its label, and one for every layer that a long wire
crosses. So labels are placed like boxes, wires bend only between layers, and none runs through a
box or a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symback.derivation.picture.diagram import Box, Diagram, Wire, layers
from symback.derivation.picture.labels import Label, Labels, Texts
from symback.derivation.picture.layers import fewest_crossings, nearest_rising

SIGN, TEXT = 16, 12  # font sizes: in a box, everywhere else
LINE = 15  # height of a line of text
_RADIUS = 20
_LEAF = 14  # half the height of a leaf
_APART = 12  # between boxes and labels of one layer
_PAD = 4  # between a wire and its label
_SWEEPS = 40
_NARROWEST_BEND, _WIDEST_BEND = 26.0, 100.0

Corner = tuple[float, float]

_NARROW = frozenset("ijlftrI.,:;'|!()[] ′·/")
_WIDE = frozenset("mwMWΣ−+=×÷<>≤≥—…→∞")


def text_width(text: str, size: int = TEXT) -> float:
    """An upper bound of a text's width: DejaVu Sans and Verdana, wider than most fonts."""
    ems = sum(0.42 if c in _NARROW else 1.0 if c in _WIDE else 0.8 if c.isupper() else 0.65
              for c in text)  # fmt: skip
    return ems * size


@dataclass(frozen=True, slots=True)
class PlacedText:
    """One line of text, its middle and baseline."""

    line: Label
    x: float
    y: float
    size: int = TEXT
    from_left: bool = False  # whether x is its left end rather than its middle

    @property
    def colour(self) -> str:
        """The colour by what the text is."""
        if self.size == SIGN or self.line.kind in ("text", "weight"):
            return "ink"
        return "quiet" if self.line.kind == "note" else self.line.kind

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        width = text_width(self.line.text, self.size)
        half = width / 2
        if self.from_left:
            return self.x, self.y - 0.95 * self.size, self.x + width, self.y + 0.25 * self.size
        return self.x - half, self.y - 0.95 * self.size, self.x + half, self.y + 0.25 * self.size


@dataclass(frozen=True, slots=True)
class BoxShape:
    """A box with its sign or name inside and its caption below; x and y are its middle."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    texts: tuple[PlacedText, ...]
    tip: str

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        half, high = self.width / 2, self.height / 2
        return self.x - half, self.y - high, self.x + half, self.y + high

    @property
    def corners(self) -> list[Corner]:
        """The left upper corner; of a collapsed box, which is drawn twice, both."""
        left, top, _, _ = self.bounds
        return [(left + 3, top - 3), (left, top)] if self.box.is_collapsed else [(left, top)]

    @property
    def radius(self) -> float:
        """How round the corners are: inputs have corners, all others are circles or pills."""
        return 4 if self.box.role == "input" else self.height / 2


@dataclass(frozen=True, slots=True)
class Path:
    """A wire: straight inside a layer, from each pair of points to the next bent."""

    points: tuple[Corner, ...]
    texts: tuple[PlacedText, ...]

    @property
    def pieces(self) -> Iterator[tuple[Corner, ...]]:
        """Ends of straight pieces, and of bent ones the two control points and the end."""
        x, y = self.points[0]
        for number, (a, b) in enumerate(self.points[1:]):
            if number % 2:
                middle = (x + a) / 2
                yield (middle, y), (middle, b), (a, b)
            elif a != x:
                yield ((a, b),)
            x, y = a, b

    @property
    def arrow(self) -> tuple[Corner, Corner, Corner]:
        """The tip of the arrow at its end, and the other two corners."""
        x, y = self.points[-1]
        return (x, y), (x - 7, y - 3.5), (x - 7, y + 3.5)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, all coordinates known."""

    width: float
    height: float
    shapes: tuple[BoxShape, ...]
    paths: tuple[Path, ...]
    notes: tuple[PlacedText, ...]
    title: str
    description: str

    @property
    def without_notes(self) -> Picture:
        """The same without its foot, where that stands elsewhere."""
        foot = LINE * len(self.notes) + _APART / 2 if self.notes else 0.0
        return replace(self, height=round(self.height - foot, 1), notes=())


@dataclass(slots=True)
class _Vertex:
    """A box, a label, or the place where a wire crosses a layer."""

    column: int
    up: float  # how far it reaches above and below its wire
    down: float
    width: float
    box: Box | None = None
    above: Labels = ()
    below: Labels = ()
    y: float = 0.0


def picture(drawn: Diagram, texts: Texts) -> Picture:
    """The layout of a diagram with its texts."""
    return _Layout(drawn, texts).picture()


class _Layout:
    def __init__(self, drawn: Diagram, texts: Texts) -> None:
        self._texts = texts
        self._vertices: list[_Vertex] = []
        self._edges: list[tuple[int, int]] = []
        self._routes: list[list[int]] = []
        depth = layers(drawn)
        last = max(depth.values())
        self._index = {b.name: i for i, b in enumerate(drawn.boxes)}
        for box in drawn.boxes:
            self._add_box(box, 2 * (last - depth[box.name]))
        for wire in drawn.wires:
            self._add_wire(wire)
        for name in drawn.ends():
            self._add_result(name)
        self._before: list[list[int]] = [[] for _ in self._vertices]
        self._after: list[list[int]] = [[] for _ in self._vertices]
        for tail, head in self._edges:
            self._after[tail].append(head)
            self._before[head].append(tail)
        self._columns = self._ordered_columns(drawn.is_collapsed)
        self._spread()
        self._x = self._column_middles()

    # -- vertices -----------------------------------------------------------------------------

    def _add_box(self, box: Box, column: int) -> None:
        half, width = self._size(box)
        caption = self._texts.caption(box)
        down = half + LINE * len(caption) + (_PAD if caption else 0)
        width = max([width, *(text_width(line.text) for line in caption)])
        self._vertices.append(_Vertex(column, half, down, width, box, below=caption))

    def _size(self, box: Box) -> tuple[float, float]:
        """Half the height, and the width of a box with what stands inside."""
        inside = self._texts.inside(box)
        if box.role != "computed":
            return _LEAF, max(2 * _LEAF, text_width(inside) + 16)
        return _RADIUS, max(2 * _RADIUS, text_width(inside, SIGN) + 14)

    def _add_wire(self, wire: Wire) -> None:
        """A label before the wire's head, and a crossing for each layer before that."""
        tail, head = self._index[wire.tail], self._index[wire.head]
        route = [tail]
        for column in range(self._vertices[tail].column + 1, self._vertices[head].column):
            route.append(len(self._vertices))
            self._vertices.append(_Vertex(column, 2, 2, 0))
        self._label(route[-1], self._texts.on_wire(wire))
        self._route([*route, head])

    def _add_result(self, name: str) -> None:
        """The wire that leaves a box with a result."""
        output = self._index[name]
        label = len(self._vertices)
        self._vertices.append(_Vertex(self._vertices[output].column + 1, 2, 2, 24))
        self._label(label, self._texts.result(name))
        self._route([output, label])

    def _label(self, index: int, lines: tuple[Labels, Labels]) -> None:
        vertex = self._vertices[index]
        vertex.above, vertex.below = lines
        vertex.up = max(2.0, LINE * len(vertex.above) + _PAD / 2)
        vertex.down = max(2.0, LINE * len(vertex.below) + _PAD / 2)
        widths = [text_width(line.text) for line in (*vertex.above, *vertex.below)]
        vertex.width = max([vertex.width, *(w + 4 for w in widths)])

    def _route(self, route: list[int]) -> None:
        self._routes.append(route)
        self._edges += list(pairwise(route))

    # -- places -------------------------------------------------------------------------------

    def _ordered_columns(self, quick: bool) -> list[list[int]]:
        """The vertices of each column from top to bottom."""
        places = fewest_crossings([v.column for v in self._vertices], self._edges, quick=quick)
        columns: list[list[int]] = [[] for _ in range(max(v.column for v in self._vertices) + 1)]
        for index, vertex in enumerate(self._vertices):
            vertex.y = 2 * _RADIUS * places[index]
            columns[vertex.column].append(index)
        for members in columns:
            members.sort(key=lambda i: (self._vertices[i].y, i))
        return columns

    def _spread(self) -> None:
        """Move every vertex towards its neighbours as far as what stands above and below allows."""
        for members in self._columns:
            self._place(members, [self._vertices[i].y for i in members])
        for sweep in range(_SWEEPS):
            straight = sweep > _SWEEPS // 2
            for members in self._columns if sweep % 2 else self._columns[::-1]:
                self._place(members, [self._wanted(i, straight) for i in members])
        for members in self._columns:  # and leaves once more to where their labels have come
            settled = {i: self._vertices[i].y for i in members if self._before[i]}
            self._place(members, [settled.get(i, self._wanted(i, False)) for i in members])

    def _wanted(self, index: int, straight: bool) -> float:
        """The mean of the neighbours; for `straight` wires, the neighbour with no other wire."""
        before, after = self._before[index], self._after[index]
        if straight and len(before) == 1:
            if self._vertices[index].box is not None or len(self._after[before[0]]) == 1:
                return self._vertices[before[0]].y
            if after and len(self._before[after[0]]) == 1:
                return self._vertices[after[0]].y
        sides = [[self._vertices[i].y for i in side] for side in (before, after) if side]
        return sum(sum(side) / len(side) for side in sides) / len(sides)

    def _place(self, members: Sequence[int], wanted: Sequence[float]) -> None:
        """The places nearest to the wanted ones, in the same order and far enough apart."""
        offset, offsets = 0.0, [0.0]
        for upper, lower in pairwise(members):
            offset += self._vertices[upper].down + _APART + self._vertices[lower].up
            offsets.append(offset)
        free = [y - shift for y, shift in zip(wanted, offsets, strict=True)]
        for index, y, shift in zip(members, nearest_rising(free), offsets, strict=True):
            self._vertices[index].y = y + shift

    def _column_middles(self) -> list[float]:
        """The middle of each column: wide enough for what is in it, steep wires given room."""
        widths = [max((self._vertices[i].width for i in c), default=0.0) for c in self._columns]
        rise = [0.0] * len(widths)
        for tail, head in self._edges:
            column = self._vertices[tail].column
            climb = abs(self._vertices[tail].y - self._vertices[head].y)
            rise[column] = max(rise[column], climb)
        middles, x = [], _APART + 0.0
        for width, climb in zip(widths, rise, strict=True):
            middles.append(x + width / 2)
            x += width + min(_WIDEST_BEND, max(_NARROWEST_BEND, 0.3 * climb))
        self._widths = widths
        return middles

    # -- the picture --------------------------------------------------------------------------

    def picture(self) -> Picture:
        top = min(v.y - v.up for v in self._vertices) - _APART
        for vertex in self._vertices:
            vertex.y = round(vertex.y - top, 1)
        shapes = [self._shape(v) for v in self._vertices if v.box is not None]
        paths = [self._path(route) for route in self._routes]
        bottom = max(v.y + v.down for v in self._vertices) + _APART
        notes = self._notes(bottom)
        right = self._x[-1] + self._widths[-1] / 2 + _APART
        right = max([right, *(t.bounds[2] + _APART for t in notes)])
        height = bottom + LINE * len(notes) + (_APART / 2 if notes else 0)
        return Picture(
            round(right, 1),
            round(height, 1),
            tuple(shapes),
            tuple(paths),
            notes,
            self._texts.title(),
            self._texts.description(),
        )

    def _shape(self, vertex: _Vertex) -> BoxShape:
        assert vertex.box is not None
        half, width = self._size(vertex.box)
        x = round(self._x[vertex.column], 1)
        size = SIGN if vertex.box.role == "computed" else TEXT
        inside = PlacedText(
            Label(self._texts.inside(vertex.box), "text"), x, vertex.y + 0.36 * size, size
        )
        caption = self._stack(vertex.below, x, vertex.y + half + _PAD)
        tip = self._texts.tip(vertex.box)
        return BoxShape(vertex.box, x, vertex.y, width, 2 * half, (inside, *caption), tip)

    def _stack(self, lines: Labels, x: float, top: float) -> tuple[PlacedText, ...]:
        """Lines of text, one below the other."""
        baselines = (top + LINE * (i + 0.8) for i in range(len(lines)))
        return tuple(PlacedText(n, x, round(y, 1)) for n, y in zip(lines, baselines, strict=True))

    def _path(self, route: Sequence[int]) -> Path:
        points: list[tuple[float, float]] = []
        texts: tuple[PlacedText, ...] = ()
        for index in route:
            vertex = self._vertices[index]
            middle, half = self._x[vertex.column], self._widths[vertex.column] / 2
            left, right = middle - half, middle + half
            if vertex.box is not None:
                reach = self._size(vertex.box)[1] / 2
                inner, outer = (middle + reach, right) if not points else (left, middle - reach)
                left, right = inner, outer
            else:
                top = vertex.y - LINE * len(vertex.above) - _PAD / 2
                texts += self._stack(vertex.above, round(middle, 1), top)
                texts += self._stack(vertex.below, round(middle, 1), vertex.y + _PAD / 2)
            points += [(round(left, 1), vertex.y), (round(right, 1), vertex.y)]
        return Path(tuple(points), texts)

    def _notes(self, top: float) -> tuple[PlacedText, ...]:
        placed = []
        for i, line in enumerate(self._texts.notes()):
            y = round(top + LINE * (i + 0.8), 1)
            placed.append(PlacedText(line, _APART, y, from_left=True))
        return tuple(placed)


__all__ = ["BoxShape", "Path", "Picture", "PlacedText", "picture", "text_width"]
