use farpoint::*;
fn rng(s: &mut u64) -> u64 { *s ^= *s << 13; *s ^= *s >> 7; *s ^= *s << 17; *s }
fn brute(x: &[f32], d: usize, b: usize, labeled: &[usize], xi: usize) -> f64 {
    let n = x.len() / d;
    let el: Vec<usize> = (0..n).filter(|i| !labeled.contains(i)).collect();
    let row = |i: usize| &x[i * d..(i + 1) * d];
    let mut best = f64::INFINITY;
    for m in 0u32..1 << el.len() {
        if m.count_ones() as usize != b { continue; }
        let mut ds: Vec<f64> = el.iter().map(|&i| {
            let mut t = f64::INFINITY;
            for &l in labeled { t = t.min(distance(row(i), row(l))); }
            for (k, &j) in el.iter().enumerate() { if m >> k & 1 == 1 { t = t.min(distance(row(i), row(j))); } }
            t
        }).collect();
        ds.sort_by(|a, b| b.total_cmp(a));
        best = best.min(ds.get(xi).copied().unwrap_or(0.0));
    }
    best
}
#[test]
fn brute_force() {
    let mut s = 12345u64;
    let mut how = std::collections::BTreeMap::new();
    for case in 0..3000 {
        let n = 3 + (rng(&mut s) % 10) as usize;
        let d = 1 + (rng(&mut s) % 3) as usize;
        let span = [3, 7, 1000][(rng(&mut s) % 3) as usize];
        let x: Vec<f32> = (0..n * d).map(|_| (rng(&mut s) % span) as f32).collect();
        let nl = (rng(&mut s) % 3) as usize;
        let mut labeled: Vec<usize> = (0..nl).map(|_| (rng(&mut s) % n as u64) as usize).collect();
        labeled.sort(); labeled.dedup();
        let av = n - labeled.len();
        let b = 1 + (rng(&mut s) % (av as u64).min(5)) as usize;
        let xi = (rng(&mut s) % (av as u64).min(4)) as usize;
        let pool = Pool::new(&x, d).unwrap();
        let o = Options { labeled: labeled.clone(), ..Options::default() };
        let r = robust(&pool, b, &o, &RobustOptions { outliers: xi, ..Default::default() }).unwrap();
        let want = brute(&x, d, b, &labeled, xi);
        assert_eq!((r.lower, r.upper), (want, want), "case {case} n {n} d {d} b {b} xi {xi} labeled {labeled:?} x {x:?} {r:?}");
        for d in &r.decisions { *how.entry((d.by, d.feasible)).or_insert(0) += 1; }
        *how.entry((Method::Packing, Some(r.certificate.lower_by == LowerBy::Dual))).or_insert(0) += 100000;
    }
    println!("{how:?}");
}
