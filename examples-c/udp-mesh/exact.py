"""Exact linear algebra on a graph: potentials of a load, holes of its clique complex."""
from fractions import Fraction
from functools import lru_cache

ROUNDING = Fraction(25033, 65536)   # the offset in p = floor(x + offset), the same on every node


def components(nodes, edges):
    """Sorted lists of nodes that are joined."""
    near = {v: [] for v in nodes}
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    seen, parts = set(), []
    for start in sorted(nodes):
        if start in seen:
            continue
        part, todo = set(), [start]
        while todo:
            v = todo.pop()
            if v not in part:
                part.add(v)
                todo += near[v]
        seen |= part
        parts.append(sorted(part))
    return parts


def triangles(edges):
    """All sets of three nodes with three edges, sorted."""
    have = set(edges)
    near = {}
    for a, b in edges:
        near.setdefault(a, set()).add(b)
    return sorted((a, b, c) for a in near for b in near[a] for c in near[a]
                  if b < c and (b, c) in have)


@lru_cache(maxsize=256)
def inverse_laplacian(nodes, edges):
    """(numerators, denominator) of the inverse of the Laplacian without the row and column of the
    lowest node. Fractions are kept out of it by the division-free elimination of Bareiss."""
    inner = nodes[1:]
    at = {v: i for i, v in enumerate(inner)}
    size = len(inner)
    rows = [[0] * size + [int(i == j) for j in range(size)] for i in range(size)]
    for a, b in edges:
        for v in (a, b):
            if v in at:
                rows[at[v]][at[v]] += 1
        if a in at and b in at:
            rows[at[a]][at[b]] -= 1
            rows[at[b]][at[a]] -= 1
    previous = 1
    for k in range(size):                  # a reduced Laplacian needs no exchange of rows
        pivot, row = rows[k][k], rows[k]
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [(pivot * x - factor * y) // previous for x, y in zip(rows[i], row)]
        previous = pivot
    return [row[size:] for row in rows], previous


def potentials(nodes, edges, excess):
    """Integers p of one connected component: L x = excess, x = 0 at the lowest node,
    p = floor(x + ROUNDING)."""
    nodes = tuple(nodes)
    numerators, denominator = inverse_laplacian(nodes, tuple(edges))
    inner = nodes[1:]
    result = {nodes[0]: (ROUNDING.numerator // ROUNDING.denominator)}
    for v, row in zip(inner, numerators):
        x = sum(n * excess[w] for n, w in zip(row, inner)) / Fraction(denominator)
        result[v] = (x + ROUNDING).__floor__()
    return result


def shed(edges, load, capacity):
    """{(from, to): units} that nodes without capacity hand to neighbours with some: equal parts, the
    remainder to the lowest numbers."""
    parts = {}
    for v in sorted(load):
        if capacity[v] == 0:
            takers = sorted(b if a == v else a for a, b in edges
                            if v in (a, b) and capacity[b if a == v else a])
            for rank, taker in enumerate(takers):
                each, left = divmod(load[v], len(takers))
                parts[v, taker] = each + (rank < left)
    return parts


def plan(nodes, edges, load, capacity):
    """({(from, to): units}, {node: load less target}): levels load over capacity in every connected
    part of the nodes that have capacity, after the others shed what they hold."""
    gifts = shed(edges, load, capacity)
    given = dict.fromkeys(nodes, 0)
    ship = {}
    for (source, target), units in gifts.items():
        given[target] += units
        if units > 0:
            ship[source, target] = units
        elif units < 0:
            ship[target, source] = -units
    excess = {v: Fraction(load[v]) for v in nodes if not capacity[v]}
    able = [v for v in nodes if capacity[v]]
    joined = [e for e in edges if capacity[e[0]] and capacity[e[1]]]
    for part in components(able, joined):
        weight = sum(capacity[v] for v in part)
        total = sum(load[v] + given[v] for v in part)
        targets = {v: Fraction(total * capacity[v], weight) for v in part}
        excess.update({v: load[v] - targets[v] for v in part})
        if len(part) == 1:
            continue
        here = set(part)
        inside = tuple(e for e in joined if e[0] in here)
        p = potentials(part, inside, {v: load[v] + given[v] - targets[v] for v in part})
        for a, b in inside:
            if p[a] > p[b]:
                ship[a, b] = p[a] - p[b]
            elif p[b] > p[a]:
                ship[b, a] = p[b] - p[a]
    return ship, excess


PRIME = 2 ** 31 - 1


@lru_cache(maxsize=256)
def holes(nodes, edges):
    """First Betti number of the clique complex: independent cycles that no triangles fill."""
    edges = list(edges)
    at = {e: i for i, e in enumerate(edges)}
    pivots = {}
    for a, b, c in triangles(edges):
        column = {at[a, b]: 1, at[b, c]: 1, at[a, c]: PRIME - 1}
        while column:
            low = max(column)
            if low not in pivots:
                scale = pow(column[low], -1, PRIME)
                pivots[low] = {i: x * scale % PRIME for i, x in column.items()}
                break
            factor = column[low]
            for i, x in pivots[low].items():
                value = (column.get(i, 0) - factor * x) % PRIME
                if value:
                    column[i] = value
                else:
                    column.pop(i, None)
    return len(edges) - len(nodes) + len(components(nodes, edges)) - len(pivots)


def circulation(edges, net):
    """Largest amount that goes round a triangle, `net` being the flow from the lower node of an edge
    to the higher one."""
    return max((abs(net[a, b] + net[b, c] - net[a, c]) for a, b, c in triangles(edges)), default=0)
