#!/usr/bin/env python3
"""Reduce the earthquake feed to the four columns the demo needs.

    npm pack vega-datasets && tar xzf vega-datasets-*.tgz package/data/earthquakes.json
    python3 reduce_earthquakes.py package/data/earthquakes.json > earthquakes.csv

Input: `earthquakes.json` of the npm package vega-datasets, a copy of the feed "All Earthquakes,
Past Week" of the U.S. Geological Survey (31 January to 7 February 2018).
"""
import json
import sys

HEADER = """\
# All earthquakes of one week, 31 January to 7 February 2018.
# Source: U.S. Geological Survey, https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_week.geojson,
# as kept in the npm package vega-datasets 3 (data/earthquakes.json), reduced by reduce_earthquakes.py.
# Licence: U.S. public domain (https://www.usgs.gov/information-policies-and-instructions/copyrights-and-credits).
# time_s: seconds since the first event; x, y: longitude and latitude in degrees.
time_s,x,y,magnitude
"""


def rows(features):
    """(milliseconds, longitude, latitude, magnitude), oldest first; an event without a magnitude
    has no size and is left out."""
    for feature in sorted(features, key=lambda f: (f["properties"]["time"], f["id"])):
        magnitude = feature["properties"]["mag"]
        if magnitude is not None:
            longitude, latitude = feature["geometry"]["coordinates"][:2]
            yield feature["properties"]["time"], longitude, latitude, magnitude


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(argv[1], encoding="utf-8") as file:
        features = json.load(file)["features"]
    events = list(rows(features))
    first = events[0][0]
    sys.stdout.write(HEADER)
    for time, longitude, latitude, magnitude in events:
        print(f"{(time - first) / 1000:.1f},{longitude:.4f},{latitude:.4f},{magnitude:g}")
    print(f"{len(features)} events read, {len(events)} kept", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
