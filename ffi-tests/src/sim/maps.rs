//! Maps of radios: a real one, and shapes of any size.

use weir::random::Random;

/// Coordinates in metres of the 54 motes of the Intel Berkeley Research Lab (Bodik, Hong, Guestrin,
/// Madden, Paskin, Thibaux 2004), mote 1 first.
pub const LAB: [(f64, f64); 54] = [
    (21.5, 23.0),
    (24.5, 20.0),
    (19.5, 19.0),
    (22.5, 15.0),
    (24.5, 12.0),
    (19.5, 12.0),
    (22.5, 8.0),
    (24.5, 4.0),
    (21.5, 2.0),
    (19.5, 5.0),
    (16.5, 3.0),
    (13.5, 1.0),
    (12.5, 5.0),
    (8.5, 6.0),
    (5.5, 3.0),
    (1.5, 2.0),
    (1.5, 8.0),
    (5.5, 10.0),
    (3.5, 13.0),
    (0.5, 17.0),
    (4.5, 18.0),
    (1.5, 23.0),
    (6.0, 24.0),
    (1.5, 30.0),
    (4.5, 30.0),
    (7.5, 31.0),
    (8.5, 26.0),
    (10.5, 31.0),
    (12.5, 26.0),
    (13.5, 31.0),
    (15.5, 28.0),
    (17.5, 31.0),
    (19.5, 26.0),
    (21.5, 30.0),
    (24.5, 27.0),
    (26.5, 31.0),
    (27.5, 26.0),
    (30.5, 31.0),
    (30.5, 26.0),
    (33.5, 28.0),
    (36.5, 30.0),
    (39.5, 30.0),
    (35.5, 24.0),
    (40.5, 22.0),
    (37.5, 19.0),
    (34.5, 16.0),
    (39.5, 14.0),
    (35.5, 10.0),
    (39.5, 6.0),
    (38.5, 1.0),
    (35.5, 4.0),
    (31.5, 6.0),
    (28.5, 5.0),
    (26.5, 2.0),
];

/// For each radio, those within `range` metres.
#[must_use]
pub fn within(places: &[(f64, f64)], range: f64) -> Vec<Vec<usize>> {
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1) <= range;
    (0..places.len())
        .map(|i| {
            (0..places.len())
                .filter(|&j| j != i && near(places[i], places[j]))
                .collect()
        })
        .collect()
}

/// How radios lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anywhere, but each within range of one that was there before.
    Scattered,
    /// One after the other.
    Line,
    /// A line whose ends meet.
    Ring,
    /// Rows and columns.
    Grid,
    /// All within range of all.
    Heap,
    /// The laboratory.
    Lab,
}

/// Most radios within range of one where radios lie scattered.
const CROWD: usize = 10;

/// Where radios of a shape lie, and how far they reach.
#[must_use]
pub fn places(shape: Shape, count: usize, random: &mut Random) -> (Vec<(f64, f64)>, f64) {
    let along = |i: usize| i as f64;
    let places = match shape {
        Shape::Scattered => return (scattered(count, random), 1.0),
        Shape::Lab => return (LAB.to_vec(), 8.0),
        Shape::Line => (0..count).map(|i| (along(i), 0.0)).collect(),
        Shape::Ring => {
            let turn = std::f64::consts::TAU / count as f64;
            // The distance of neighbours is 1.
            let radius = 0.5 / (turn / 2.0).sin();
            let at = |i| (turn * along(i)).sin_cos();
            (0..count)
                .map(|i| (at(i).0 * radius, at(i).1 * radius))
                .collect()
        }
        Shape::Grid => {
            let wide = (1..).find(|w| w * w >= count).unwrap_or(1);
            (0..count)
                .map(|i| (along(i % wide), along(i / wide)))
                .collect()
        }
        Shape::Heap => (0..count).map(|i| (along(i) / count as f64, 0.0)).collect(),
    };
    (places, 1.001)
}

fn scattered(count: usize, random: &mut Random) -> Vec<(f64, f64)> {
    let mut places = vec![(0.0, 0.0)];
    let mut unit = |span: f64| f64::from(random.below(2001)) / 1000.0 * span - span;
    let mut turn = 0;
    while places.len() < count {
        let near: (f64, f64) = places[turn % places.len()];
        turn += 7;
        let place = (near.0 + unit(1.0), near.1 + unit(1.0));
        let reached = |&&(x, y): &&(f64, f64)| (x - place.0).hypot(y - place.1) <= 1.0;
        let crowd = places.iter().filter(reached).count();
        if (1..=CROWD).contains(&crowd) {
            places.push(place);
        }
    }
    places
}
