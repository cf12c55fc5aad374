//! Metrics, first centers and devices, and their names, which the program, Python and records share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gpus::Gpus;

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The euclidean distance.
    #[default]
    Euclidean,
    /// The euclidean distance between rows scaled to norm 1, a chord: the cosine distance is half its square.
    Cosine,
}

/// The first center, where nothing is labeled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// The lowest eligible row: row 0, unless it is excluded.
    #[default]
    Lowest,
    /// This row.
    Row(usize),
    /// The eligible row nearest the mean of the rows that are not excluded.
    Mean,
    /// The eligible row of largest weight.
    Heaviest,
    /// An eligible row drawn with [`crate::Options::seed`].
    Random,
    /// The eligible row farthest from the mean of the rows that are not excluded. Of a pool in host memory or files, as the next two.
    #[serde(rename = "farthest-from-mean")]
    FarthestFromMean,
    /// The lowest eligible row that is as far from another as any two are: greedy then takes the other. Source: Kennard & Stone, "Computer
    /// Aided Design of Experiments", Technometrics 1969. Time up to `O(n^2 d)`, by passes over the pool, of which bounds save most
    /// where rows differ in their distance from the middle.
    #[serde(rename = "farthest-pair")]
    FarthestPair,
    /// The eligible row whose nearest other row is farthest. Source: Alvar et al., "DivPrune", CVPR 2025. Time `O(t n d)` for the `t`
    /// picks after which greedy's radius is no larger than that distance, all rows at worst.
    Loneliest,
}

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// GPU 0 if it can be used and has the memory, else the CPU. Where there is an NVIDIA driver, [`crate::Statistics::fallback`] then
    /// says why; without one the machine is an ordinary one, and nothing need be said. A GPU that is lost while it works is an error
    /// ([`crate::Error::Lost`]): nothing begins again unasked.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU of this number, counted from 0. It must be there: nothing else is tried.
    Cuda(usize),
    /// Several NVIDIA GPUs, each of which holds a part of the pool. All must be there. Selections alone run on them.
    CudaMany(Gpus),
    /// Every NVIDIA GPU that the driver sees, at least one.
    CudaAll,
}

/// A name that says nothing, and the names there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownName(String);

impl UnknownName {
    pub(crate) fn because(reason: String) -> UnknownName {
        UnknownName(reason)
    }
}

impl Metric {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Euclidean => "euclidean",
            Metric::Cosine => "cosine",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Metric, UnknownName> {
        match name {
            "euclidean" => Ok(Metric::Euclidean),
            "cosine" => Ok(Metric::Cosine),
            _ => Err(UnknownName(format!("metric '{name}' is neither 'euclidean' nor 'cosine'"))),
        }
    }
}

impl fmt::Display for First {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            First::Lowest => f.pad("lowest"),
            First::Row(row) => write!(f, "row:{row}"),
            First::Mean => f.pad("mean"),
            First::Heaviest => f.pad("heaviest"),
            First::Random => f.pad("random"),
            First::FarthestFromMean => f.pad("farthest-from-mean"),
            First::FarthestPair => f.pad("farthest-pair"),
            First::Loneliest => f.pad("loneliest"),
        }
    }
}

impl FromStr for First {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<First, UnknownName> {
        let row = || number(name.strip_prefix("row:")?);
        match name {
            "lowest" => Ok(First::Lowest),
            "mean" => Ok(First::Mean),
            "heaviest" => Ok(First::Heaviest),
            "random" => Ok(First::Random),
            "farthest-from-mean" => Ok(First::FarthestFromMean),
            "farthest-pair" => Ok(First::FarthestPair),
            "loneliest" => Ok(First::Loneliest),
            _ => row().map(First::Row).ok_or_else(|| {
                UnknownName(format!(
                    "first '{name}' is none of 'lowest', 'row:<number>', 'mean', 'heaviest', 'random', 'farthest-from-mean', 'farthest-pair' and 'loneliest'"
                ))
            }),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Device::Auto => f.pad("auto"),
            Device::Cpu => f.pad("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
            Device::CudaMany(gpus) => gpus.fmt(f),
            Device::CudaAll => f.pad("cuda:all"),
        }
    }
}

impl FromStr for Device {
    type Err = UnknownName;

    /// `cuda` alone is GPU 0. One GPU of a list is that GPU.
    fn from_str(name: &str) -> Result<Device, UnknownName> {
        let gpus = || -> Option<Vec<usize>> {
            name.strip_prefix("cuda:")?.split(',').map(number).collect()
        };
        match name {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            "cuda:all" => Ok(Device::CudaAll),
            _ => match gpus() {
                Some(numbers) => Device::of_gpus(&numbers),
                None => Err(UnknownName(format!(
                    "device '{name}' is none of 'auto', 'cpu', 'cuda', 'cuda:<number>', 'cuda:<number>,<number>' and 'cuda:all'"
                ))),
            },
        }
    }
}

impl Device {
    /// The GPUs of these numbers: one of them, or several together.
    ///
    /// # Errors
    /// As [`Gpus::new`].
    pub fn of_gpus(numbers: &[usize]) -> Result<Device, UnknownName> {
        match numbers {
            &[number] => Ok(Device::Cuda(number)),
            numbers => Gpus::new(numbers).map(Device::CudaMany),
        }
    }
}

/// A number as it is written: digits, the first of several not 0.
fn number(digits: &str) -> Option<usize> {
    let number: usize = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name is read as what it is written of, and nothing else is a name.
    #[test]
    fn names_are_read_as_written() {
        for metric in [Metric::Euclidean, Metric::Cosine] {
            assert_eq!(metric.to_string().parse::<Metric>().unwrap(), metric);
        }
        for first in [
            First::Lowest,
            First::Row(0),
            First::Row(41),
            First::Mean,
            First::Heaviest,
            First::Random,
            First::FarthestFromMean,
            First::FarthestPair,
            First::Loneliest,
        ] {
            assert_eq!(first.to_string().parse::<First>().unwrap(), first);
        }
        let both = Device::of_gpus(&[3, 0]).unwrap();
        let gpus = [Device::Cuda(0), Device::Cuda(7), both, Device::CudaAll];
        for device in [Device::Auto, Device::Cpu].into_iter().chain(gpus) {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
        assert_eq!(
            (both.to_string(), "cuda:3,0".parse::<Device>().unwrap()),
            ("cuda:0,3".into(), both)
        );
        let twice = "cuda:1,1".parse::<Device>().unwrap_err().to_string();
        assert_eq!(twice, "cuda:1 is given twice: name each GPU once");
        assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda(0));
        let numbers = [
            "",
            "x",
            "-1",
            "+1",
            "01",
            " 1",
            "99999999999999999999",
            "0,",
            ",0",
            "0,,1",
            "0, 1",
            "all,0",
            "0,64",
        ];
        let numbered = numbers.iter().flat_map(|n| [format!("cuda:{n}"), format!("row:{n}")]);
        for name in numbered.chain(["".into(), "Auto".into()]) {
            assert!(name.parse::<Device>().is_err() && name.parse::<First>().is_err(), "{name}");
        }
        let error = "manhattan".parse::<Metric>().unwrap_err().to_string();
        assert_eq!(error, "metric 'manhattan' is neither 'euclidean' nor 'cosine'");
    }

    /// The names that serde writes are the same.
    #[test]
    fn names_are_those_of_records() {
        let json = |metric| serde_json::to_value(metric).unwrap();
        for metric in [Metric::Euclidean, Metric::Cosine] {
            assert_eq!(json(metric), metric.name());
        }
    }
}
