//! An information model daemon on a thread of this process.
#![allow(unsafe_code, reason = "the environment is set before there are threads")]

use std::path::Path;
use std::time::Duration;

/// Starts it; once in a process. What calls say of a node director that is not there stays part of the test. The folder goes
/// with what comes back.
pub fn start() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    // SAFETY: nothing else runs yet that reads the environment.
    unsafe {
        std::env::set_var("PERDURE_DIR", dir.path());
        std::env::set_var("PERDURE_AMFND_SOCKET", dir.path().join("amfnd.sock"));
        std::env::set_var("IMMA_SYNCR_TIMEOUT", "20");
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|above| above.join("models"))
        .find(|models| models.join("classes-imm.xml").exists())
        .expect("the models of the source tree");
    let mut options = immd::Options::new(dir.path());
    options.models = vec![models.join("classes-imm.xml"), models.join("objects-imm.xml")];
    std::thread::spawn(move || immd::run(&options));
    while std::os::unix::net::UnixStream::connect(dir.path().join("immd.sock")).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    dir
}
