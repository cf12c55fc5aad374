use cudarc::driver::DriverError;
use super::arguments::Pointer;
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct TensorMap([u64; 16]);
impl TensorMap {
    pub fn of_halves(_: Pointer<u16>, _: u32, _: u32, _: u32) -> Result<TensorMap, DriverError> {
        Ok(TensorMap([0; 16]))
    }
}
