//! One threshold for all potentials, and what it does to the edges: on a sheet of squares whose
//! exact projection is known as fractions.

use super::svg::{DARK, Point, Svg};
use super::{COLOURS, QUIET};
use crate::oracle::Random;
use crate::oracle::complexes::sheet;
use crate::oracle::lent::Lent;
use crate::oracle::reference::Canonical;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

/// The common threshold is that many 2^-16 below one.
const THRESHOLD: i64 = 25_033;
/// Bars of the histogram, from -1 to 1.
const BARS: usize = 20;

/// What is drawn.
struct Seen {
    nodes: usize,
    edges: usize,
    triangles: usize,
    /// Fractions of the exact potentials, in 2^-20.
    fractions: Vec<i64>,
    /// Result minus exact value of each edge, in 2^-20.
    errors: Vec<i64>,
    /// Triangles with curl, had every edge been rounded by itself.
    bent: usize,
}

fn measure() -> Seen {
    let plain = sheet("grid", 9, 9, None);
    let canonical = Canonical::of(&plain);
    let mut random = Random(3);
    let draw = |_| random.signed(1 << 24) as i32;
    let flow: Vec<i32> = canonical.edges.iter().map(draw).collect();
    let got = Lent::of(&plain).project(&flow);
    let (exact, whole) = canonical.projections(&[flow]);
    let exact = &exact[0];
    let part = |value: BigInt| -> i64 {
        let scaled: BigInt = (value << 20_u32).div_floor(&whole);
        scaled.to_i64().expect("below one")
    };
    // Along edges from node 0, the root, ascending: the lower end is always known.
    let mut potentials = vec![BigInt::zero(); canonical.nodes.len()];
    for ((a, b), value) in canonical.edges.iter().zip(exact) {
        potentials[usize::from(*b)] = &potentials[usize::from(*a)] + value;
    }
    let rounded = |node: u16| {
        let raised: BigInt = &potentials[usize::from(node)] * 65_536 + &whole * THRESHOLD;
        raised.div_floor(&(&whole * 65_536))
    };
    for ((a, b), got) in canonical.edges.iter().zip(&got) {
        assert_eq!(
            BigInt::from(*got),
            rounded(*b) - rounded(*a),
            "one threshold"
        );
    }
    let errors = exact.iter().zip(&got);
    let errors: Vec<i64> = errors
        .map(|(exact, got)| part(BigInt::from(*got) * &whole - exact))
        .collect();
    assert!(errors.iter().all(|e| e.abs() < 1 << 20), "floor or ceiling");
    let nearest = exact.iter().map(|exact| {
        let raised: BigInt = exact * 2 + &whole;
        raised.div_floor(&(&whole * 2)).to_i32().expect("Q16.16")
    });
    let curls = canonical.curl(&nearest.collect::<Vec<_>>());
    Seen {
        nodes: canonical.nodes.len(),
        edges: canonical.edges.len(),
        triangles: curls.len(),
        fractions: potentials
            .iter()
            .map(|p| part(p.mod_floor(&whole)))
            .collect(),
        errors,
        bent: curls.iter().filter(|curl| **curl != 0).count(),
    }
}

/// The picture.
pub fn picture() -> String {
    let seen = measure();
    let mut svg = Svg::new(680, 300, "Rounding by one threshold");
    fractions(&mut svg, &seen);
    histogram(&mut svg, &seen);
    svg.note(
        Point(20.0, 284.0),
        &format!(
            "{} nodes, {} edges. Each edge rounded by itself: curl in {} of {} triangles. One \
             threshold: curl in none.",
            seen.nodes, seen.edges, seen.bent, seen.triangles
        ),
    );
    svg.end()
}

/// Fractions of the exact potentials, on a line from 0 to 1.
fn fractions(svg: &mut Svg, seen: &Seen) {
    let (left, wide, base) = (24.0, 290.0, 196.0);
    let x = |fraction: f64| left + wide * fraction;
    svg.title(Point(20.0, 34.0), "potentials: one threshold");
    let threshold = 1.0 - THRESHOLD as f64 / 65_536.0;
    let mut heights = [0; 48];
    for fraction in &seen.fractions {
        let share = *fraction as f64 / f64::from(1 << 20);
        let column = (share * 48.0) as usize;
        let colour = if share < threshold {
            COLOURS[0]
        } else {
            COLOURS[1]
        };
        let lift = 9.0 + 8.0 * f64::from(heights[column]);
        heights[column] += 1;
        svg.dot(Point(x(share), base - lift), 3.0, colour);
    }
    svg.line(Point(left, base), Point(left + wide, base), 1.4, DARK, "");
    let ticks = [(0.0, "0"), (0.25, "¼"), (1.0 / 3.0, "⅓"), (0.5, "½")];
    for (at, name) in ticks
        .into_iter()
        .chain([(2.0 / 3.0, "⅔"), (0.75, "¾"), (1.0, "1")])
    {
        svg.line(Point(x(at), base), Point(x(at), base + 5.0), 1.2, DARK, "");
        svg.word(Point(x(at), base + 15.0), name, 12, DARK);
    }
    svg.line(
        Point(x(threshold), 70.0),
        Point(x(threshold), base + 6.0),
        1.8,
        DARK,
        "4 3",
    );
    svg.word(
        Point(x(threshold) - 62.0, 60.0),
        "rounded down",
        12,
        COLOURS[0],
    );
    svg.word(
        Point(x(threshold) + 52.0, 60.0),
        "rounded up",
        12,
        COLOURS[1],
    );
    svg.note(
        Point(left, 236.0),
        "Fraction of each exact potential. The threshold, 0.618,",
    );
    svg.note(
        Point(left, 252.0),
        "is the same for all and far from simple fractions.",
    );
}

/// How far the edges are from their exact values.
fn histogram(svg: &mut Svg, seen: &Seen) {
    let (left, wide, base) = (366.0, 290.0, 196.0);
    svg.title(Point(362.0, 34.0), "edges: floor or ceiling, never more");
    let mut bars = [0_u32; BARS];
    for error in &seen.errors {
        bars[(((error + (1 << 20)) * BARS as i64) >> 21) as usize] += 1;
    }
    let most = f64::from(bars.into_iter().max().unwrap_or(1));
    let step = wide / BARS as f64;
    for (index, count) in bars.into_iter().enumerate() {
        let high = 126.0 * f64::from(count) / most;
        let at = Point(left + step * index as f64 + 1.0, base - high);
        svg.bar(at, step - 2.0, high, COLOURS[2]);
    }
    svg.line(Point(left, base), Point(left + wide, base), 1.4, DARK, "");
    for (at, name) in [
        (0.0, "−1"),
        (0.25, "−½"),
        (0.5, "0"),
        (0.75, "+½"),
        (1.0, "+1"),
    ] {
        let place = left + wide * at;
        svg.line(Point(place, base), Point(place, base + 5.0), 1.2, DARK, "");
        svg.word(Point(place, base + 15.0), name, 12, DARK);
    }
    let largest = seen.errors.iter().map(|e| e.abs()).max().unwrap_or(0);
    let largest = largest as f64 / f64::from(1 << 20);
    svg.line(Point(left, 70.0), Point(left, base), 1.0, QUIET, "2 3");
    svg.line(
        Point(left + wide, 70.0),
        Point(left + wide, base),
        1.0,
        QUIET,
        "2 3",
    );
    svg.note(
        Point(left, 236.0),
        "Result minus exact projection, in raw units.",
    );
    svg.note(Point(left, 252.0), &format!("Largest here: {largest:.3}."));
}
