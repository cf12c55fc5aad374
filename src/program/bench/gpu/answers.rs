//! A GPU's answers beside the CPU engine's: a wrong one ends the benchmark.

use crate::Selection;
use anyhow::{Result, ensure};

/// Checks that both have the same rows, and the same radii to the bit.
pub fn compare(cpu: &Selection, gpu: &Selection) -> Result<()> {
    let lengths = |s: &Selection| (s.centers.len(), s.radii.len());
    ensure!(
        lengths(cpu) == lengths(gpu),
        "the GPU chose {} rows and told {} radii, the CPU {} and {}",
        lengths(gpu).0,
        lengths(gpu).1,
        lengths(cpu).0,
        lengths(cpu).1
    );
    for (pick, (cpu, gpu)) in cpu.centers.iter().zip(&gpu.centers).enumerate() {
        ensure!(cpu == gpu, "pick {pick}: the GPU chose row {gpu}, the CPU row {cpu}");
    }
    for (pick, (cpu, gpu)) in cpu.radii.iter().zip(&gpu.radii).enumerate() {
        let are_equal = cpu.to_bits() == gpu.to_bits();
        ensure!(are_equal, "pick {pick}: the GPU says radius {gpu:e}, the CPU {cpu:e}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Device, Options, Pool, select};

    use super::*;

    fn selection() -> Selection {
        let pool = Pool::new(&[0.0f32, 1.0, 3.0, 7.0, 4.0], 1).unwrap();
        select(&pool, 3, &Options { device: Device::Cpu, ..Options::default() }).unwrap()
    }

    fn refused(spoil: impl FnOnce(&mut Selection)) -> String {
        let mut wrong = selection();
        spoil(&mut wrong);
        compare(&selection(), &wrong).unwrap_err().to_string()
    }

    #[test]
    fn the_same_answer_passes() {
        compare(&selection(), &selection()).unwrap();
    }

    #[test]
    fn another_row_fails() {
        let said = refused(|s| s.centers[2] += 1);
        assert!(said.starts_with("pick 2: the GPU chose row "), "{said}");
    }

    #[test]
    fn a_radius_one_bit_off_fails() {
        let said = refused(|s| s.radii[1] = s.radii[1].next_up());
        assert!(said.starts_with("pick 1: the GPU says radius "), "{said}");
    }

    #[test]
    fn a_missing_pick_or_radius_fails() {
        let said = refused(|s| s.centers.truncate(2));
        assert!(said.starts_with("the GPU chose 2 rows and told 3 radii"), "{said}");
        let said = refused(|s| s.radii.truncate(2));
        assert!(said.starts_with("the GPU chose 3 rows and told 2 radii"), "{said}");
    }
}
