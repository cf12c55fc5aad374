//! `--device`.

use anyhow::{Result, bail};
use farpoint::Device;

/// A device as named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceName {
    Auto,
    Cpu,
    /// The GPU of this number.
    Cuda(usize),
}

pub fn parse(name: &str) -> Result<DeviceName, String> {
    match (name, name.strip_prefix("cuda:")) {
        ("auto", _) => Ok(DeviceName::Auto),
        ("cpu", _) => Ok(DeviceName::Cpu),
        ("cuda", _) => Ok(DeviceName::Cuda(0)),
        (_, Some(number)) => number
            .parse()
            .map(DeviceName::Cuda)
            .map_err(|_| format!("'{number}' is not the number of a GPU")),
        _ => Err("the devices are auto, cpu, cuda and cuda:<number>".into()),
    }
}

impl DeviceName {
    /// `auto` may fall back to the CPU, an explicit `cuda` must not.
    pub fn device(self) -> Result<Device> {
        match self {
            DeviceName::Auto => Ok(Device::Auto),
            DeviceName::Cpu => Ok(Device::Cpu),
            DeviceName::Cuda(_) => bail!("this build of farpoint has no CUDA: use --device cpu"),
        }
    }
}
