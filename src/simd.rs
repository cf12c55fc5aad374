//! Compiles code several times, for AVX-512, for AVX2 and for any machine, and chooses at run time.
#![allow(unsafe_code)]

/// Runs `work`, compiled for the widest vectors of this machine and with fused multiply-add if it has that. `work` must
/// be a closure marked `#[inline(always)]`, and so must be every function that it calls: only inlined code is compiled
/// for these vectors.
#[inline(always)]
pub(crate) fn widest<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        if has_avx512() {
            // SAFETY: every feature of `with_avx512` was just found.
            return unsafe { with_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: every feature of `with_avx2` was just found.
            return unsafe { with_avx2(work) };
        }
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
fn with_avx512<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<T>(work: impl FnOnce() -> T) -> T {
    work()
}
