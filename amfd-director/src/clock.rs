//! Wakes the engine at the times that it asks for.

use std::rc::Rc;
use std::time::Duration;

use director_engine::Event;

use crate::shell::Shell;

/// Sends [`Event::Deadline`] whenever the engine's next deadline has come; never ends.
pub(crate) async fn run(shell: Rc<Shell>) {
    loop {
        let Some(deadline) = shell.next_deadline() else {
            shell.deadline_changed.notified().await;
            continue;
        };
        let wait = Duration::from_millis(deadline.since(shell.now()).0);
        tokio::select! {
            () = tokio::time::sleep(wait) => shell.step(Event::Deadline),
            () = shell.deadline_changed.notified() => {}
        }
    }
}
