//! What the C interface costs beside the Rust client. Run by hand, for timings say nothing on a busy machine:
//! `cargo test --release -p capi --test figures -- --ignored --nocapture`.

use std::path::Path;
use std::time::Instant;

use ais::{AttrChoice, Dn};
use capi::{Daemon, program, succeeds};
use immd_client::Imm;

const CALLS: u32 = 1000;
/// Client and interface are measured in turns, so that what else goes on meets both.
const TURNS: usize = 11;
const SERVICE: &str = "opensafImm=opensafImm,safApp=safImmService";

/// Nanoseconds for one read with the Rust client, the least of several rounds.
fn with_the_client(dir: &Path) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let imm = Imm::connect(dir).await.expect("the daemon answers");
        let dn = Dn::new(SERVICE).expect("a DN");
        let mut least = f64::MAX;
        for _ in 0..7 {
            let begin = Instant::now();
            for _ in 0..CALLS {
                imm.get(&dn, AttrChoice::All).await.expect("the object is there");
            }
            least = least.min(begin.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
        }
        least
    })
}

#[test]
#[ignore = "a measurement"]
fn a_read_costs_little_more_than_with_the_rust_client() {
    let daemon = Daemon::start(env!("CARGO_BIN_EXE_capi-immd"));
    let bench = program("bench");
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let rust = with_the_client(daemon.dir());
        let c: f64 = succeeds(bench.command(daemon.dir()).arg(CALLS.to_string()))
            .trim()
            .parse()
            .expect("a number");
        println!("Rust client {rust:.0} ns, C interface {c:.0} ns: {:.2}", c / rust);
        ratios.push(c / rust);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[TURNS / 2];
    println!("median {median:.2}");
    assert!(median < 1.3, "{median:.2} times the Rust client's time");
}
