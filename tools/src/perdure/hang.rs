//! The watchdog: a daemon that takes connections and answers none is hung.
//!
//! A daemon that does not listen yet is starting, and one that is gone is the keeper's matter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use amfd_director::client::{Answers, answers};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(5);

/// The socket on which the daemon with this name answers.
pub(super) fn socket(dir: &Path, name: &str) -> PathBuf {
    match name.strip_prefix("amfnd-") {
        Some(node) => dir.join("nodes").join(node).join("amfnd.sock"),
        None => dir.join(format!("{name}.sock")),
    }
}

/// Returns when the daemon on the socket has not answered for so long.
pub(super) async fn hung(socket: &Path, limit: Duration) {
    loop {
        tokio::time::sleep(PAUSE.min(limit)).await;
        match tokio::time::timeout(limit, answers(socket)).await {
            Ok(Answers::Yes | Answers::NotListening) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_and_never_answers_is_hung() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deaf.sock");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let _deaf = tokio::net::UnixListener::bind(&path).unwrap();
            let limit = Duration::from_millis(50);
            let found = tokio::time::timeout(Duration::from_secs(30), hung(&path, limit)).await;
            assert!(found.is_ok());
            let nobody = dir.path().join("nobody.sock");
            assert!(matches!(answers(&nobody).await, Answers::NotListening));
        });
        assert_eq!(
            socket(Path::new("/d"), "amfnd-N1"),
            Path::new("/d/nodes/N1/amfnd.sock")
        );
        assert_eq!(socket(Path::new("/d"), "immd"), Path::new("/d/immd.sock"));
    }
}
