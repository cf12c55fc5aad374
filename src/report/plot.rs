//! What all figures share: the frame, the grid, and labels that keep their size at any width.

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
}

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

    /// The frame around `shapes` (SVG) and `labels` (HTML over it).
    pub fn frame(&self, shapes: &str, labels: &str) -> String {
        let (class, x_name, y_name) = (self.class, self.x_name, self.y_name);
        let (grid, ticks) = self.grid();
        let scale = if self.x.is_log() { "log" } else { "linear" };
        let (title, description) = (escape(self.title), escape(&self.description));
        format!(
            r#"<div class="plot {class}" data-x="{scale}"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img"><title>{title}</title><desc>{description}</desc>{grid}{shapes}</svg>
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
