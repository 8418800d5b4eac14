//! How is a picture written? As SVG with its own white ground, so that it reads in light and dark.

use std::fmt::Write;

/// Ink.
pub const DARK: &str = "#24292f";

/// A place, in pixels from the upper left.
#[derive(Clone, Copy, Debug)]
pub struct Point(pub f64, pub f64);

impl Point {
    /// From whole pixels.
    pub fn of<T: TryInto<i32>>((x, y): (T, T)) -> Self {
        let whole = |value: T| f64::from(value.try_into().unwrap_or(0));
        Self(whole(x), whole(y))
    }

    /// Shifted.
    pub fn moved(self, x: f64, y: f64) -> Self {
        Self(self.0 + x, self.1 + y)
    }

    /// Scaled about the corner.
    pub fn scaled(self, by: f64) -> Self {
        Self(self.0 * by, self.1 * by)
    }

    /// The mean of some places.
    pub fn middle(of: &[Point]) -> Self {
        let sum = of.iter().fold(Self(0.0, 0.0), |sum, p| sum.moved(p.0, p.1));
        sum.scaled(1.0 / of.len() as f64)
    }

    fn towards(self, to: Self, part: f64) -> Self {
        Self(
            self.0 + (to.0 - self.0) * part,
            self.1 + (to.1 - self.1) * part,
        )
    }
}

/// A picture in the making.
pub struct Svg(String);

impl Svg {
    /// An empty picture; `about` is for those who cannot see it.
    pub fn new(wide: u32, high: u32, about: &str) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" \
             viewBox=\"0 0 {wide} {high}\" role=\"img\" \
             font-family=\"DejaVu Sans,Verdana,sans-serif\">\n<title>{about}</title>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#ffffff\" \
             stroke=\"#d0d7de\"/>\n",
            wide - 1,
            high - 1
        ))
    }

    /// The whole text.
    pub fn end(self) -> String {
        self.0 + "</svg>\n"
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a string");
    }

    fn text(&mut self, at: Point, what: &str, look: &str) {
        self.put(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" {look}>{what}</text>",
            at.0, at.1
        ));
    }

    /// A heading, from its left end.
    pub fn title(&mut self, at: Point, what: &str) {
        let look = format!("font-size=\"15\" font-weight=\"bold\" fill=\"{DARK}\"");
        self.text(at, what, &look);
    }

    /// A line of explanation, from its left end.
    pub fn note(&mut self, at: Point, what: &str) {
        self.text(at, what, "font-size=\"11\" fill=\"#57606a\"");
    }

    /// A word around its middle, with a white edge.
    pub fn word(&mut self, at: Point, what: &str, size: u32, colour: &str) {
        let look = format!(
            "font-size=\"{size}\" text-anchor=\"middle\" fill=\"{colour}\" stroke=\"#ffffff\" \
             stroke-width=\"3\" paint-order=\"stroke\""
        );
        self.text(at.moved(0.0, f64::from(size) * 0.36), what, &look);
    }

    /// A filled polygon.
    pub fn area(&mut self, of: &[Point], fill: &str) {
        self.polygon(of, &format!("fill=\"{fill}\""));
    }

    /// A filled polygon that one sees through.
    pub fn veil(&mut self, of: &[Point], fill: &str) {
        self.polygon(of, &format!("fill=\"{fill}\" fill-opacity=\"0.16\""));
    }

    fn polygon(&mut self, of: &[Point], look: &str) {
        let points: Vec<String> = of
            .iter()
            .map(|p| format!("{:.1},{:.1}", p.0, p.1))
            .collect();
        self.put(format_args!(
            "<polygon points=\"{}\" {look}/>",
            points.join(" ")
        ));
    }

    /// A line; `dash` is empty or a pattern.
    pub fn line(&mut self, a: Point, b: Point, width: f64, colour: &str, dash: &str) {
        let dash = if dash.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{dash}\"")
        };
        self.put(format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" \
             stroke-width=\"{width:.1}\"{dash}/>",
            a.0, a.1, b.0, b.1
        ));
    }

    /// A bar from its upper left corner.
    pub fn bar(&mut self, at: Point, wide: f64, high: f64, fill: &str) {
        self.put(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" \
             fill=\"{fill}\"/>",
            at.0, at.1
        ));
    }

    /// A small disk.
    pub fn dot(&mut self, at: Point, radius: f64, fill: &str) {
        self.put(format_args!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>",
            at.0, at.1
        ));
    }

    /// A circle.
    pub fn ring(&mut self, at: Point, radius: f64, colour: &str) {
        self.put(format_args!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#ffffff\" \
             stroke=\"{colour}\" stroke-width=\"1.6\"/>",
            at.0, at.1
        ));
    }

    /// A disk with a short name.
    pub fn node(&mut self, at: Point, radius: f64, fill: &str, name: &str) {
        self.dot(at, radius, fill);
        let look = "font-size=\"12\" text-anchor=\"middle\" fill=\"#ffffff\"";
        self.text(at.moved(0.0, 4.3), name, look);
    }

    /// A flow from `a` to `b`: as wide as it is large, pointing where it goes, its size on it.
    pub fn arrow(&mut self, a: Point, b: Point, value: i32, most: u32, colour: &str) {
        if value == 0 {
            self.line(a, b, 1.2, "#afb8c1", "3 3");
            self.pill(Point::middle(&[a, b]), "0", "#57606a");
            return;
        }
        let (from, to) = if value < 0 { (b, a) } else { (a, b) };
        let share = f64::from(value.unsigned_abs()) / f64::from(most);
        self.line(from, to, 1.2 + 4.0 * share, colour, "");
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        let (dx, dy) = (dx / length, dy / length);
        let half = 4.5 + 3.0 * share;
        let tip = from
            .towards(to, 0.5)
            .moved(dx * (17.0 + 2.0 * half), dy * (17.0 + 2.0 * half));
        let foot = tip.moved(-2.0 * half * dx, -2.0 * half * dy);
        let sides = [
            tip,
            foot.moved(-dy * half, dx * half),
            foot.moved(dy * half, -dx * half),
        ];
        self.area(&sides, colour);
        let size = value.unsigned_abs().to_string();
        self.pill(from.towards(to, 0.5), &size, colour);
    }

    /// A number on a white ground.
    fn pill(&mut self, at: Point, what: &str, colour: &str) {
        let wide = 7.7 * what.chars().count() as f64 + 7.0;
        self.put(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"16.0\" rx=\"5\" \
             fill=\"#ffffff\"/>",
            at.0 - wide / 2.0,
            at.1 - 8.0
        ));
        let look = format!("font-size=\"12\" text-anchor=\"middle\" fill=\"{colour}\"");
        self.text(at.moved(0.0, 4.3), what, &look);
    }
}
