//! While HiGHS works it asks a callback whether to go on.

use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use highs::{Model, SolvedModel};
use highs_sys::{
    Highs_setCallback, Highs_startCallback, HighsCallbackDataIn, HighsCallbackDataOut,
    kHighsCallbackIpmInterrupt, kHighsCallbackMipInterrupt, kHighsCallbackSimplexInterrupt,
};

/// Solves `model`, unless `is_over` says to end first. Returns `None` if the solver failed.
#[allow(unsafe_code)]
pub fn solve(mut model: Model, mut is_over: impl FnMut() -> bool) -> Option<SolvedModel> {
    let mut question: &mut dyn FnMut() -> bool = &mut is_over;
    let data: *mut &mut dyn FnMut() -> bool = &raw mut question;
    let highs = model.as_mut_ptr();
    // SAFETY: `highs` is the instance that `model` owns. `asked` has the callback's type, and `data` points to `question`, which
    // lives, unmoved and otherwise unused, until `try_solve` has returned, the last that can call it: it consumes the model, and
    // a solved model is only read.
    unsafe {
        Highs_setCallback(highs, Some(asked), data.cast::<c_void>());
        for moment in
            [kHighsCallbackSimplexInterrupt, kHighsCallbackIpmInterrupt, kHighsCallbackMipInterrupt]
        {
            Highs_startCallback(highs, moment);
        }
    }
    model.try_solve().ok()
}

/// The callback: it sets the interrupt if `is_over` says so. If `is_over` panics, the solver ends too: no panic may
/// pass through C code.
#[allow(unsafe_code)]
unsafe extern "C" fn asked(
    _: c_int,
    _: *const c_char,
    _: *const HighsCallbackDataOut,
    answer: *mut HighsCallbackDataIn,
    data: *mut c_void,
) {
    // SAFETY: HiGHS hands back the `data` given to it in `solve`, from the one thread it was allowed, and an `answer` that is null or
    // that it owns for the time of this call.
    let (is_over, answer) =
        unsafe { (&mut *data.cast::<&mut dyn FnMut() -> bool>(), answer.as_mut()) };
    if let Some(answer) = answer {
        let over = catch_unwind(AssertUnwindSafe(is_over)).unwrap_or(true);
        answer.user_interrupt = c_int::from(over);
    }
}
