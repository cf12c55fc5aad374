//! One axis of a figure: where values lie along it, and which are labeled.

/// A range of values, spread evenly or by their logarithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    min: f64,
    max: f64,
    log: bool,
}

impl Axis {
    pub fn linear(min: f64, max: f64) -> Axis {
        Axis { min, max, log: false }
    }

    /// `min` must be above zero.
    pub fn log(min: f64, max: f64) -> Axis {
        Axis { min, max, log: true }
    }

    pub fn is_log(&self) -> bool {
        self.log
    }

    /// Both ends, as the page's script reads them.
    pub fn ends(&self) -> String {
        format!("{:e} {:e}", self.min, self.max)
    }

    /// Where `value` lies, 0 to 1; the middle of an axis that holds one value only.
    pub fn position(&self, value: f64) -> f64 {
        let place = |v: f64| if self.log { v.ln() } else { v };
        let span = place(self.max) - place(self.min);
        if span > 0.0 { (place(value) - place(self.min)) / span } else { 0.5 }
    }

    /// The values to label, with their labels: round numbers, few enough for a phone.
    pub fn ticks(&self, whole: bool) -> Vec<(f64, String)> {
        if self.min >= self.max {
            return vec![(self.min, label(self.min, self.min))];
        }
        let (ticks, step) = if self.log { self.log_ticks() } else { self.linear_ticks(whole) };
        ticks
            .into_iter()
            .filter(|tick| (self.min..=self.max).contains(tick))
            .map(|tick| (tick, label(tick, step)))
            .collect()
    }

    fn linear_ticks(&self, whole: bool) -> (Vec<f64>, f64) {
        let rough = (self.max - self.min) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= rough * 0.999);
        let step = factor.unwrap_or(10.0) * power;
        let step = if whole { step.max(1.0) } else { step };
        let first = (self.min / step).ceil();
        let ticks = (0..12).map(|i| (first + f64::from(i)) * step).collect();
        (ticks, step)
    }

    fn log_ticks(&self) -> (Vec<f64>, f64) {
        let crowded = (self.max / self.min).log10() > 2.6;
        let factors: &[f64] = if crowded { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = (0..20).map(|p| 10f64.powi(p));
        (powers.flat_map(|power| factors.iter().map(move |f| f * power)).collect(), 1.0)
    }
}

/// `tick` with the decimals that a step of `step` needs.
fn label(tick: f64, step: f64) -> String {
    let size = tick.abs().max(step.abs());
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{tick:e}");
    }
    let mut decimals = 0;
    let mut power = 1.0;
    while decimals < 8 && ((step * power).round() - step * power).abs() > 1e-6 * step * power {
        decimals += 1;
        power *= 10.0;
    }
    let plain = format!("{tick:.decimals$}");
    match plain.parse::<usize>() {
        Ok(whole) => super::format::count(whole),
        Err(_) => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, whole: bool) -> Vec<String> {
        axis.ticks(whole).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(Axis::linear(0.0, 1.07), false), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(Axis::linear(0.0, 60.0), false), ["0", "20", "40", "60"]);
        assert_eq!(labels(Axis::linear(1.0, 3.0), true), ["1", "2", "3"]);
        assert_eq!(labels(Axis::log(1.0, 50.0), true), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(Axis::log(1.0, 20_000.0), true), ["1", "10", "100", "1,000", "10,000"]);
        assert_eq!(labels(Axis::log(1.0, 1.0), true), ["1"]);
    }

    #[test]
    fn one_value_lies_in_the_middle() {
        assert_eq!(Axis::log(1.0, 1.0).position(1.0), 0.5);
        assert_eq!(Axis::linear(0.0, 0.0).position(0.0), 0.5);
    }
}
