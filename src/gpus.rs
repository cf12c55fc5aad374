//! Several GPUs, by number.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::UnknownName;

/// Numbers above this one are mistakes: no machine has so many GPUs.
const MOST: usize = 63;

/// GPUs of one machine, at least one, each once. In which order they were named makes no difference: the lowest holds the first rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Gpus {
    /// Bit number `i` is GPU `i`.
    bits: u64,
}

impl Gpus {
    /// The GPUs of these numbers, counted from 0.
    ///
    /// # Errors
    /// No number, one twice, or one above 63.
    pub fn new(numbers: &[usize]) -> Result<Gpus, UnknownName> {
        let refuse = |reason: String| Err(UnknownName::because(reason));
        let mut bits = 0;
        for &number in numbers {
            if number > MOST {
                return refuse(format!("cuda:{number} is no GPU: numbers go up to {MOST}"));
            }
            if bits & (1 << number) != 0 {
                return refuse(format!("cuda:{number} is given twice: name each GPU once"));
            }
            bits |= 1 << number;
        }
        match bits {
            0 => refuse("no GPU is named: name some, such as cuda:0,1".into()),
            _ => Ok(Gpus { bits }),
        }
    }

    /// Their numbers, the lowest first.
    pub fn numbers(self) -> impl Iterator<Item = usize> + Clone {
        (0..=MOST).filter(move |number| self.bits & (1 << number) != 0)
    }

    /// How many they are.
    pub fn count(self) -> usize {
        self.numbers().count()
    }
}

impl fmt::Display for Gpus {
    /// As devices are named: `cuda:0,1`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let numbers: Vec<String> = self.numbers().map(|number| number.to_string()).collect();
        write!(f, "cuda:{}", numbers.join(","))
    }
}

impl TryFrom<Vec<usize>> for Gpus {
    type Error = UnknownName;

    fn try_from(numbers: Vec<usize>) -> Result<Gpus, UnknownName> {
        Gpus::new(&numbers)
    }
}

impl From<Gpus> for Vec<usize> {
    fn from(gpus: Gpus) -> Vec<usize> {
        gpus.numbers().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_kept_by_number_and_named_so() {
        let gpus = Gpus::new(&[5, 0, 63]).unwrap();
        assert_eq!((gpus.to_string(), gpus.count()), ("cuda:0,5,63".into(), 3));
        let json = serde_json::to_string(&gpus).unwrap();
        assert_eq!((&*json, serde_json::from_str::<Gpus>(&json).unwrap()), ("[0,5,63]", gpus));
        assert!(serde_json::from_str::<Gpus>("[1,1]").is_err());
    }

    #[test]
    fn none_one_twice_and_far_ones_are_refused() {
        let refused = |numbers: &[usize]| Gpus::new(numbers).unwrap_err().to_string();
        assert_eq!(refused(&[]), "no GPU is named: name some, such as cuda:0,1");
        assert_eq!(refused(&[2, 0, 2]), "cuda:2 is given twice: name each GPU once");
        assert_eq!(refused(&[64]), "cuda:64 is no GPU: numbers go up to 63");
    }
}
