//! `--device`.

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
    pub fn device(self) -> Device {
        match self {
            DeviceName::Auto => Device::Auto,
            DeviceName::Cpu => Device::Cpu,
            DeviceName::Cuda(number) => Device::Cuda(number),
        }
    }
}
