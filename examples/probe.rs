use farpoint::{Options, Pool, synth, tuning::*};
use std::ops::ControlFlow;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (kind, n, d, k) = (
        a[1].as_str(),
        a[2].parse::<usize>().unwrap(),
        a[3].parse::<usize>().unwrap(),
        a[4].parse::<usize>().unwrap(),
    );
    let filters = &a[5];
    let frontiers: Vec<Option<usize>> = a[6].split(',').map(|f| f.parse().ok()).collect();
    let shape = match kind {
        "unit" => synth::Shape::Unit,
        "text" => synth::Shape::Text,
        "mix" => synth::Shape::Mixture,
        "int" => synth::Shape::Integers,
        _ => synth::Shape::Gaussian,
    };
    let v = if kind == "file" {
        let b = std::fs::read("/work/shared/data/text-embeddings-20k.npy").unwrap();
        b[128..]
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes(c.try_into().unwrap()))
            .collect::<Vec<f32>>()[..n * d]
            .to_vec()
    } else {
        synth::pool(shape, n, d, 1)
    };
    let pool = Pool::new(&v, d).unwrap();
    let mut last: Option<(Vec<usize>, Vec<f64>)> = None;
    for f in filters.split(',') {
        let filter = match f {
            "amx" => Filter::Amx,
            "avx" => Filter::Avx512Bf16,
            "f32" => Filter::F32,
            _ => Filter::Auto,
        };
        for &frontier in &frontiers {
            let mut best = f64::MAX;
            let mut sel = None;
            for _ in 0..3 {
                let t = std::time::Instant::now();
                let s = select_tuned(
                    &pool,
                    k,
                    &Options::default(),
                    &Tuning { filter, frontier, width: 1.0 },
                    &mut |_| ControlFlow::Continue(()),
                )
                .unwrap();
                let e = t.elapsed().as_secs_f64();
                if e < best {
                    best = e;
                    sel = Some(s);
                }
            }
            let s = sel.unwrap();
            let st = &s.statistics;
            let nk = (n * k) as f64;
            println!(
                "{f} B={frontier:?} {:.1} ms rounds {} evals {:.3} tile {:.3} picks {:.3} reads {:.2} refcanon/row {:.2} pickcanon/row {:.2} | prep {:.1} front {:.1} refresh {:.1} pick {:.1} | {:.0} GF/s",
                best * 1e3,
                st.rounds,
                st.refresh_evaluations as f64 / nk,
                st.tile_evaluations as f64 / nk,
                st.pick_evaluations as f64 / nk,
                st.row_reads as f64 / n as f64,
                st.refresh_canonical as f64 / st.refreshed_rows as f64,
                st.pick_canonical as f64 / st.refreshed_rows as f64,
                st.prepare_seconds * 1e3,
                st.frontier_seconds * 1e3,
                st.refresh_seconds * 1e3,
                st.pick_seconds * 1e3,
                st.tile_evaluations as f64 * 2.0 * d as f64 / st.refresh_seconds / 1e9
            );
            if let Some((c, r)) = &last {
                assert!(*c == s.centers && *r == s.radii, "differs");
            }
            last = Some((s.centers, s.radii));
        }
    }
}
