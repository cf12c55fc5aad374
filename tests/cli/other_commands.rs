//! `completions`, `man`, `bench`.

use crate::folder::Folder;

#[test]
fn shells_and_manuals_are_served() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = folder.run(&format!("completions {shell}"));
        assert!(run.code == 0 && run.out.contains("stop-radius"), "{shell}");
    }
    assert!(folder.run("man").out.contains(".TH farpoint"));
    assert_eq!(folder.run("man .").code, 0);
    assert!(folder.read("farpoint-select.1").contains("stop\\-radius"));
    assert_eq!(folder.run("man absent").code, 1);
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new();
    assert!(folder.run("select --help").out.contains("--stop-radius"));
    assert!(folder.run("--help").out.contains("Exit codes: 0 done"));
    assert_eq!(folder.run("--version").out, format!("farpoint {}\n", env!("CARGO_PKG_VERSION")));
}

/// Nothing that was not measured is set in relation to anything.
#[test]
fn a_quick_bench_prints_no_ratio_that_it_has_not() {
    let run = Folder::new().run("bench --quick --turns 1");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains(" GF/s   evaluations "), "{}", run.out);
    assert!(!run.out.contains("NaN") && !run.out.contains("inf"), "{}", run.out);
    let one = Folder::new().run("bench --pool pool.npy:1 --turns 1 --quick --json");
    let json: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert!(json["product_gflops"].is_null() && json["int8_product_gops"].is_null());
    assert!(json["pools"][0]["engines"][0]["refresh_share_of_product_rate"].is_null());
}
