//! What the program calls, for who looks for a mistake in it: with `IMMA_TRACE_PATHNAME` a line in that file for each call.

use std::fs::File;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ais::AisError;
use cabi::SaAisErrorT;

/// The file, opened at the first call; `None` where none is wanted or it cannot be opened.
static TRACE: OnceLock<Option<File>> = OnceLock::new();

fn open() -> Option<File> {
    let path = std::env::var_os("IMMA_TRACE_PATHNAME").filter(|path| !path.is_empty())?;
    // A program goes on without its trace.
    File::options().create(true).append(true).open(path).ok()
}

/// What `call` gives. Its name, time and answer are written where the environment wants it.
pub fn traced(name: &str, call: impl FnOnce() -> SaAisErrorT) -> SaAisErrorT {
    let Some(mut file) = TRACE.get_or_init(open).as_ref() else {
        return call();
    };
    let begin = Instant::now();
    let code = call();
    // The clock may stand before 1970.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let line = format!(
        "{}.{:06} {} {name} {} {} us\n",
        now.as_secs(),
        now.subsec_micros(),
        std::process::id(),
        AisError::from_code(code).map_or_else(|| "SA_AIS_OK (1)".to_owned(), |error| error.to_string()),
        begin.elapsed().as_micros(),
    );
    // One write for a line, so that those of several threads do not mix. A full disk is no matter of the program's.
    let _written = file.write_all(line.as_bytes());
    code
}
