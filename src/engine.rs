//! Which arithmetic a selection runs on: the fastest filter this machine has, unless a test or benchmark asks for another.

use std::ops::ControlFlow;

use crate::backend::cpu::Cpu;
use crate::backend::cpu::kernels::Multiplier;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::amx::Amx;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::avx512_bf16::Avx512Bf16;
use crate::backend::cpu::kernels::gemm::Gemm;
use crate::error::{Error, Result};
use crate::greedy::{self, Frontier};
use crate::options::Options;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::selection::{Progress, Selection};
use crate::threads::on_engine_threads;

/// The arithmetic that filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// The fastest the machine has.
    #[default]
    Auto,
    /// f32, on every machine.
    F32,
    /// bf16 by AVX-512.
    Avx512Bf16,
    /// bf16 by AMX.
    Amx,
}

/// What may be tuned.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// The arithmetic of the filter.
    pub filter: Filter,
    /// Rows a frontier; adapted if not given.
    pub frontier: Option<usize>,
    /// The factor on the filter's interval; only 1 and more give right answers.
    pub width: f64,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning { filter: Filter::Auto, frontier: None, width: 1.0 }
    }
}

/// [`crate::select_with`], tuned.
///
/// # Errors
/// As there, and if the machine lacks the filter asked for.
pub fn select_tuned(
    pool: &Pool,
    budget: usize,
    options: &Options,
    tuning: &Tuning,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    on_engine_threads(options.threads, || {
        let problem = Problem::new(pool, budget, options)?;
        run(&problem, tuning, watch)
    })?
}

fn run(
    problem: &Problem,
    tuning: &Tuning,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    let wanted = |filter| tuning.filter == Filter::Auto || tuning.filter == filter;
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = Amx::detect().filter(|_| wanted(Filter::Amx)) {
        return lazy(problem, amx, tuning, watch);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let pays = tuning.filter != Filter::Auto || Avx512Bf16::is_fast();
        if let Some(bf16) = Avx512Bf16::detect().filter(|_| wanted(Filter::Avx512Bf16) && pays) {
            return lazy(problem, bf16, tuning, watch);
        }
    }
    match tuning.filter {
        Filter::Auto | Filter::F32 => lazy(problem, Gemm, tuning, watch),
        missing => Err(Error::Options(format!("this machine has no {missing:?} filter"))),
    }
}

fn lazy(
    problem: &Problem,
    multiplier: impl Multiplier,
    tuning: &Tuning,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    let adaptive = || Frontier::adaptive(problem.rows.len(), problem.rows.dimensions());
    let frontier = tuning.frontier.map_or_else(adaptive, Frontier::fixed);
    greedy::lazy(problem, &mut Cpu::new(problem, multiplier, tuning.width), frontier, watch)
}
