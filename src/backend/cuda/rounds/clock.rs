//! How long the phases of a round took on the device, by events in the stream.

use std::sync::Arc;

use cudarc::driver::sys::CUevent_flags;
use cudarc::driver::{CudaEvent, CudaStream, DriverError};

use crate::backend::cuda::driver::context::milliseconds;

/// Marks in a stream's work; the times between them are known once the last has been waited for.
pub struct Clock {
    events: Vec<CudaEvent>,
    marks: usize,
}

impl Clock {
    pub fn new(stream: &Arc<CudaStream>, most: usize) -> Result<Clock, DriverError> {
        let event = |_| stream.context().new_event(Some(CUevent_flags::CU_EVENT_DEFAULT));
        Ok(Clock { events: (0..most).map(event).collect::<Result<_, _>>()?, marks: 0 })
    }

    pub fn mark(&mut self, stream: &Arc<CudaStream>) -> Result<(), DriverError> {
        self.events[self.marks].record(stream)?;
        self.marks += 1;
        Ok(())
    }

    /// Forget the marks so far.
    pub fn restart(&mut self) {
        self.marks = 0;
    }

    /// Wait until the work before the last mark is done.
    pub fn wait(&self) -> Result<(), DriverError> {
        self.marks.checked_sub(1).map_or(Ok(()), |last| self.events[last].synchronize())
    }

    /// Seconds between each mark and the next. Starts over.
    pub fn seconds(&mut self) -> Result<Vec<f64>, DriverError> {
        let marks = std::mem::take(&mut self.marks);
        let between =
            |pair: &[CudaEvent]| Ok(f64::from(milliseconds(&pair[0], &pair[1])?) / 1000.0);
        self.events[..marks].windows(2).map(between).collect()
    }
}
