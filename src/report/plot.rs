//! The frame, the grid and the labels of all figures; labels keep their size at any width.

use std::fmt::Write;

use super::axis::Axis;
use super::format::escape;

/// Units a side of a figure's drawing, stretched to the width there is; strokes and labels are not stretched.
const SIDE: f64 = 1000.0;

/// A figure's two axes, and what it is about.
pub(super) struct Plot<'t> {
    pub class: &'t str,
    pub title: &'t str,
    /// The figure in words, for whoever cannot see it.
    pub description: String,
    pub x: Axis,
    pub y: Axis,
    pub x_name: &'t str,
    pub y_name: &'t str,
    /// Whether only whole numbers are labeled along x.
    pub x_whole: bool,
    /// Which number of a point lies along x, for the page's read-out.
    pub x_column: usize,
}

/// The marker that the page's read-out moves to the point it tells of.
pub(super) const READING: &str = r#"<i class="cross"></i><i class="dot"></i>"#;

/// Points drawn one by one at most.
pub(super) const MOST_DOTS: usize = 60;

/// One figure seen in two ways, each with its name and its plot, whose class is that of [`VIEWS`]; `seen` is the one seen first.
pub(super) fn views(views: [(&str, String); 2], seen: usize) -> String {
    let switch = |at: usize| {
        let (id, name) = (VIEWS[at], views[at].0);
        let checked = if at == seen { " checked" } else { "" };
        format!(
            "<input type=\"radio\" name=\"view\" id=\"{id}\"{checked}><label for=\"{id}\">{name}</label>\n"
        )
    };
    switch(0) + &switch(1) + &views[0].1 + &views[1].1
}

/// The classes of the plots of two [`views`].
pub(super) const VIEWS: [&str; 2] = ["view-1", "view-2"];

impl Plot<'_> {
    /// `x,y` in the drawing's units, y upwards.
    pub fn at(&self, x: f64, y: f64) -> String {
        format!("{:.1} {:.1}", SIDE * self.x.position(x), SIDE * (1.0 - self.y.position(y)))
    }

    /// A line through `points`.
    pub fn line(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let corners: Vec<String> = points.map(|(x, y)| self.at(x, y)).collect();
        format!("M{}", corners.join("L"))
    }

    /// A line through `points`, as a shape of this class.
    pub fn path(&self, class: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
        format!(r#"<path class="{class}" d="{}"/>"#, self.line(points))
    }

    /// The area between two lines over the same stretch of x.
    pub fn band(&self, upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
        let around = upper.iter().chain(lower.iter().rev()).copied();
        format!(r#"<path class="band" d="{}Z"/>"#, self.line(around))
    }

    /// A line across the whole figure.
    pub fn across(&self, class: &str, y: f64) -> String {
        let y = SIDE * (1.0 - self.y.position(y));
        format!(r#"<path class="{class}" d="M0 {y:.1}H{SIDE}"/>"#)
    }

    /// A dot a point, while there are few.
    pub fn dots(&self, class: &str, points: &[(f64, f64)]) -> String {
        if points.is_empty() || points.len() > MOST_DOTS {
            return String::new();
        }
        let dots: String = points.iter().map(|&(x, y)| format!("M{}h0", self.at(x, y))).collect();
        format!(r#"<path class="{class}" d="{dots}"/>"#)
    }

    /// The frame around `shapes` (SVG) and `labels` (HTML over it).
    pub fn frame(&self, shapes: &str, labels: &str) -> String {
        let (class, x_name, y_name) = (self.class, self.x_name, self.y_name);
        let (grid, ticks) = self.grid();
        let scale = if self.x.is_log() { "log" } else { "linear" };
        let (column, x, y) = (self.x_column, self.x.ends(), self.y.ends());
        let (title, description) = (escape(self.title), escape(&self.description));
        format!(
            r#"<div class="plot {class}" data-column="{column}" data-scale="{scale}" data-x="{x}" data-y="{y}"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img"><title>{title}</title><desc>{description}</desc>{grid}{shapes}</svg>
<div class="labels" aria-hidden="true">{ticks}<span class="x-name">{x_name}</span><span class="y-name">{y_name}</span>{labels}</div></div>
"#
        )
    }

    fn grid(&self) -> (String, String) {
        let (mut lines, mut labels) = (String::new(), String::new());
        for (value, label) in self.y.ticks(false) {
            let top = 1.0 - self.y.position(value);
            write!(lines, "M0 {:.1}H1000", SIDE * top).expect("a string takes any text");
            write!(labels, r#"<span class="y" style="top:{:.2}%">{label}</span>"#, 100.0 * top)
                .expect("a string takes any text");
        }
        for (value, label) in self.x.ticks(self.x_whole) {
            let left = 100.0 * self.x.position(value);
            write!(labels, r#"<span class="x" style="left:{left:.2}%">{label}</span>"#)
                .expect("a string takes any text");
        }
        (format!(r#"<path class="grid" d="{lines}"/>"#), labels)
    }
}
