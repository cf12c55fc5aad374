//! The file around a page, and the figures that any selection has.

use super::About;
use super::chosen::Chosen;
use super::format::{count, escape, fill, percent};
use super::{download, histogram, map, run};
use crate::pool::Pool;

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The parts of a page that differ between the two kinds.
pub(super) struct Parts {
    /// Follows the number of rows selected.
    pub headline: String,
    pub tiles: String,
    /// The result in a few sentences.
    pub meaning: String,
    pub curve_title: &'static str,
    pub curve: String,
    /// The curve's points, as JSON.
    pub curve_points: String,
    pub map_title: &'static str,
    /// Sections of tables.
    pub tables: String,
    pub statistics: String,
    /// More to say about what was asked.
    pub asked: Vec<(String, String)>,
    /// How the rows were selected, and last what the radius is.
    pub method: &'static str,
    /// What the paper bounds the loss by.
    pub loss_grows_with: &'static str,
}

/// The whole file.
pub(super) fn page(pool: &Pool, chosen: &Chosen, about: &About, parts: Parts) -> String {
    let map = map::map(pool, chosen, about);
    let values = [
        ("title", escape(about.pool)),
        ("style", STYLE.trim().into()),
        ("headline", headline(pool, chosen) + &parts.headline),
        ("subtitle", subtitle(pool, about)),
        ("tiles", share(pool, chosen) + &parts.tiles),
        ("meaning", parts.meaning),
        ("curve-title", parts.curve_title.into()),
        ("curve", parts.curve),
        ("map-title", parts.map_title.into()),
        ("map", map::figure(map.as_ref(), pool, chosen, about)),
        ("histogram", histogram::figure(chosen, about)),
        ("tables", parts.tables),
        ("statistics", parts.statistics),
        ("settings", run::settings(pool, about, &parts.asked)),
        ("method", parts.method.into()),
        ("loss-grows-with", parts.loss_grows_with.into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("curve-points", parts.curve_points),
        ("picks", download::json(download::csv(pool, chosen, about).as_deref())),
        ("map-points", serde_json::to_string(&map).expect("numbers and base64 are JSON")),
        ("script", SCRIPT.trim().into()),
    ];
    fill(TEMPLATE, &values)
}

fn headline(pool: &Pool, chosen: &Chosen) -> String {
    let (picked, n) = (chosen.centers.len(), pool.rows());
    match picked {
        0 => format!("No row selected of {}", count(n)),
        _ => format!("{} of {} rows selected", count(picked), count(n)),
    }
}

fn subtitle(pool: &Pool, about: &About) -> String {
    format!("from <b>{}</b>, {} values a row", escape(about.pool), count(pool.dimensions()))
}

fn share(pool: &Pool, chosen: &Chosen) -> String {
    let share = percent(chosen.centers.len() as f64, pool.rows() as f64);
    tile(&share, "of the pool selected")
}

pub(super) fn tile(value: &str, meaning: &str) -> String {
    format!(r#"<div class="tile"><b>{value}</b><span>{meaning}</span></div>"#)
}

pub(super) fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{body}\n</section>\n")
}

/// Two sections beside each other, a title and a body each.
pub(super) fn pair(sections: [(&str, String); 2]) -> String {
    let halves = sections.map(|(title, body)| format!("<div><h2>{title}</h2>\n{body}</div>\n"));
    format!("<section class=\"pair\">\n{}</section>\n", halves.concat())
}
