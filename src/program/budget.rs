//! Numbers of rows as people write them: `--budget` and `--outliers`, each a number or a share of the rows, and plain ones.

/// How many rows to choose, or to leave uncovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    Rows(usize),
    /// `numerator / denominator` of the rows, rounded down. A decimal is such a fraction exactly.
    Share {
        numerator: u64,
        denominator: u64,
    },
}

impl Budget {
    /// How many rows to choose of a pool of `rows`: of a share, one at least.
    pub fn of(self, rows: usize) -> usize {
        match self {
            Budget::Rows(budget) => budget,
            Budget::Share { .. } => self.at_most(rows).max(1),
        }
    }

    /// How many rows to leave uncovered of `rows`.
    pub fn at_most(self, rows: usize) -> usize {
        match self {
            Budget::Rows(budget) => budget,
            Budget::Share { numerator, denominator } => {
                let share = rows as u128 * u128::from(numerator) / u128::from(denominator);
                usize::try_from(share).expect("a share of the rows")
            }
        }
    }
}

/// What a budget may look like.
const MUST: &str =
    "a budget is a number of rows, as 1000, 1e3 or 1,000, or a share of the pool's, as 10%";
/// What outliers may look like.
const OUTLIERS_MUST: &str = "outliers are a number of rows, as 1000, 1e3 or 1,000, or a share of those that are counted, as 0.01%";
/// What any other number of rows may look like.
const ROWS_MUST: &str = "a number of rows is written as 1000, 1e3 or 1,000";
/// Decimal places of a share: with these, a percent is still a fraction of two u64.
const PLACES: usize = 12;

/// `1000`, `1_000`, `1,000`, `1e3`, `2.5e6`, or `10%`, `0.25%`.
pub fn parse(text: &str) -> Result<Budget, String> {
    amount(text).ok_or(MUST.into())
}

/// How many rows such a text is of a pool of `rows`.
///
/// # Errors
/// What a budget is, of a text that is none.
pub fn rows_of(text: &str, rows: usize) -> Result<usize, String> {
    parse(text).map(|budget| budget.of(rows))
}

/// The same, of rows that may stay uncovered.
pub fn outliers(text: &str) -> Result<Budget, String> {
    amount(text).ok_or(OUTLIERS_MUST.into())
}

/// The same without shares.
pub fn rows(text: &str) -> Result<usize, String> {
    whole(text).ok_or(ROWS_MUST.into())
}

fn amount(text: &str) -> Option<Budget> {
    match text.strip_suffix('%') {
        Some(percent) => share(percent.trim_end()),
        None => whole(text).map(Budget::Rows),
    }
}

fn share(percent: &str) -> Option<Budget> {
    let (digits, places) = decimal(percent)?;
    let denominator = 10u64.checked_pow(u32::try_from(places).ok()? + 2)?;
    (0 < digits && digits <= denominator)
        .then_some(Budget::Share { numerator: digits, denominator })
}

/// A whole number of rows.
fn whole(text: &str) -> Option<usize> {
    if let Some((mantissa, power)) = text.split_once(['e', 'E']) {
        let (digits, places) = decimal(mantissa)?;
        let power = power.strip_prefix('+').unwrap_or(power);
        let zeros = is_digits(power).then(|| power.parse::<usize>().ok())??.checked_sub(places)?;
        let factor = 10u64.checked_pow(u32::try_from(zeros).ok()?)?;
        return usize::try_from(digits.checked_mul(factor)?).ok();
    }
    let mut groups = text.split([',', '_']);
    let first = groups.next().filter(|first| is_digits(first))?;
    let rest: Vec<&str> = groups.collect();
    let in_threes = rest.iter().all(|group| is_digits(group) && group.len() == 3);
    if !rest.is_empty() && (first.len() > 3 || !in_threes) {
        return None;
    }
    (first.to_string() + &rest.concat()).parse().ok()
}

/// The digits of a decimal number as one, and how many of them stand behind its point.
fn decimal(text: &str) -> Option<(u64, usize)> {
    let (before, behind) = text.split_once('.').unwrap_or((text, ""));
    let digits = before.to_string() + behind;
    if !is_digits(&digits) || behind.len() > PLACES {
        return None;
    }
    Some((digits.parse().ok()?, behind.len()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_rows_as_people_write_them() {
        let same = ["1000", "1,000", "1_000", "1e3", "1E3", "1e+3", "0.001e6", "1.000e3"];
        for text in same {
            assert_eq!(parse(text), Ok(Budget::Rows(1000)), "{text}");
        }
        assert_eq!(parse("2.5e6"), Ok(Budget::Rows(2_500_000)));
        assert_eq!(parse("12,345,678"), Ok(Budget::Rows(12_345_678)));
        assert_eq!(parse("0"), Ok(Budget::Rows(0)));
    }

    #[test]
    fn what_is_no_budget_is_told_what_one_is() {
        let wrong = [
            "",
            "-5",
            "+5",
            "ten",
            "1.5",
            "0.1",
            "1e-3",
            "1.5e0",
            "1e30",
            "1,00",
            "1000,000",
            ",1",
            "1,",
            "1__000",
            "%",
            "0%",
            "101%",
            "-1%",
            "1e1%",
            "1,5%",
            "0.0000000000001%",
            "nan",
            "inf",
            "99999999999999999999",
            "1 000",
        ];
        for text in wrong {
            assert_eq!(parse(text), Err(MUST.to_string()), "{text}");
        }
    }

    /// Every percent of every small pool, by whole numbers alone. In floats 29 % of 100 rows would be 28.
    #[test]
    fn shares_are_rounded_down_exactly() {
        for percent in 1..=100 {
            for rows in 1..300 {
                let budget = parse(&format!("{percent}%")).unwrap().of(rows);
                assert_eq!(budget, (rows * percent / 100).max(1), "{percent} % of {rows}");
            }
        }
        assert_eq!(parse("12.5%").unwrap().of(1797), 224);
        assert_eq!(parse("0.01 %").unwrap().of(1_000_000), 100);
        assert_eq!(parse("100%").unwrap().of(usize::MAX), usize::MAX);
        assert_eq!(Budget::Rows(7).of(3), 7);
    }
}
