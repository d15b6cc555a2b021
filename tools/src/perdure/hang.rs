//! The watchdog: a daemon that takes connections and answers none is hung.
//!
//! A daemon that does not listen yet is starting, and one that is gone is the keeper's matter. A busy machine is no hang: the
//! time in which the daemon waited for a processor does not count, nor that in which the supervisor itself had no turn.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use amfd_director::client::{Answers, answers};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(5);
/// How many looks the limit is cut into. Each costs at most its share of the limit, however late it comes.
const LOOKS: u32 = 20;

/// The socket on which the daemon with this name answers.
pub(super) fn socket(dir: &Path, name: &str) -> PathBuf {
    match name.strip_prefix("amfnd-") {
        Some(node) => dir.join("nodes").join(node).join("amfnd.sock"),
        None => dir.join(format!("{name}.sock")),
    }
}

/// Returns when the daemon on the socket, which is this process, has not answered for so long.
pub(super) async fn hung(socket: &Path, pid: Option<u32>, limit: Duration) {
    loop {
        tokio::time::sleep(PAUSE.min(limit)).await;
        let answer = comes(answers(socket), limit, || queued(pid));
        match answer.await {
            Some(Answers::Yes | Answers::NotListening) => {}
            None => return,
        }
    }
}

/// What the future gives; `None` where it does not come in the time, of which what `queued` grows by does not count.
async fn comes<T>(
    answer: impl Future<Output = T>,
    limit: Duration,
    queued: impl Fn() -> Duration,
) -> Option<T> {
    let mut answer = pin!(answer);
    let share = limit / LOOKS;
    let (mut spent, mut before) = (Duration::ZERO, queued());
    while spent < share * LOOKS {
        if let Ok(answer) = tokio::time::timeout(share, &mut answer).await {
            return Some(answer);
        }
        let now = queued();
        spent += share.saturating_sub(now.saturating_sub(before));
        before = now;
    }
    None
}

/// How long the first thread of the process, which has its loop, has waited for a processor in all; none where the kernel does
/// not say.
fn queued(pid: Option<u32>) -> Duration {
    let read = |pid| std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
    let text = pid.and_then(read).unwrap_or_default();
    let nanos = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(40);

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, future)
    }

    #[test]
    fn waiting_for_a_processor_is_no_hang() {
        let looks = Cell::new(0);
        // For 100 looks the daemon has no turn, and then it has turns and does not answer.
        let queued = || {
            looks.set(looks.get() + 1);
            LIMIT / LOOKS * looks.get().min(100)
        };
        assert_eq!(block_on(comes(pending::<()>(), LIMIT, queued)), None);
        assert_eq!(looks.get(), 100 + LOOKS);
        assert!(queued_of_this_process_is_told());
    }

    fn queued_of_this_process_is_told() -> bool {
        let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        text.is_empty() || queued(Some(std::process::id())) > Duration::ZERO
    }

    #[test]
    fn a_supervisor_without_a_turn_looks_again_before_it_kills() {
        let polls = Cell::new(0);
        let answer = poll_fn(|_| {
            polls.set(polls.get() + 1);
            if polls.get() > 5 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        let stalls = || {
            std::thread::sleep(2 * LIMIT);
            Duration::ZERO
        };
        assert_eq!(block_on(comes(answer, LIMIT, stalls)), Some(()));
    }

    #[test]
    fn who_listens_and_never_answers_is_hung() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deaf.sock");
        block_on(async {
            let _deaf = tokio::net::UnixListener::bind(&path).unwrap();
            let limit = Duration::from_millis(50);
            let found = tokio::time::timeout(Duration::from_secs(30), hung(&path, None, limit)).await;
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
