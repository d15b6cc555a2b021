//! Patience: what the cluster cannot do now is tried again each second, and a command ends when its time is over.

use std::cell::RefCell;
use std::time::Duration;

use ais::AisError;
use immd_client::ImmError;

/// How long to wait before a refused call is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Tries calls again while the answer is TRY_AGAIN. The bound is the command's own time limit.
#[derive(Debug)]
pub(super) struct Patience {
    again: bool,
    last: RefCell<Option<Vec<String>>>,
}

impl Patience {
    /// Patience that tries again, or takes the first answer.
    pub(super) const fn new(again: bool) -> Patience {
        Patience {
            again,
            last: RefCell::new(None),
        }
    }

    /// Whether TRY_AGAIN is to be tried again.
    pub(super) const fn tries_again(&self) -> bool {
        self.again
    }

    /// The call's first answer that is not TRY_AGAIN.
    ///
    /// # Errors
    /// The call's error.
    pub(super) async fn retry<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<T, ImmError>,
    ) -> Result<T, ImmError> {
        loop {
            match call().await {
                Err(ImmError::Refused {
                    error: AisError::TryAgain,
                    texts,
                }) if self.again => self.pause(texts).await,
                answer => return answer,
            }
        }
    }

    /// Waits before the next try; `texts` say why the last one was refused.
    pub(super) async fn pause(&self, texts: Vec<String>) {
        *self.last.borrow_mut() = Some(texts);
        tokio::time::sleep(PAUSE).await;
    }

    /// The explanations of the last TRY_AGAIN, where there was one.
    pub(super) fn last_refusal(&self) -> Option<Vec<String>> {
        self.last.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> ImmError {
        ImmError::Refused {
            error: AisError::TryAgain,
            texts: vec!["loading".to_owned()],
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn try_again_is_tried_again_and_remembered() {
        let patience = Patience::new(true);
        let mut answers = vec![Ok(7), Err(busy())];
        let answer = run(patience.retry(async || answers.pop().unwrap_or(Ok(0))));
        assert!(matches!(answer, Ok(7)));
        assert_eq!(patience.last_refusal(), Some(vec!["loading".to_owned()]));
    }

    #[test]
    fn without_patience_the_first_answer_counts() {
        let answer: Result<(), _> = run(Patience::new(false).retry(async || Err(busy())));
        assert!(matches!(answer, Err(ImmError::Refused { .. })));
    }
}
