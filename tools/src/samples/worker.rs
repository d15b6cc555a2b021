//! A worker that does its share: each of its CSIs is a share of the work, and says which.
//!
//! The attributes are `dir`, `share` and `shares`: of the jobs in `dir/todo`, files with numbers for names, a worker takes
//! those whose number leaves the rest `share` when it is divided by `shares`, and moves them to `dir/done/NUMBER.WORKER`.
//! With a share each as an SI of an N-way active group, the shares of a worker that fails go to the others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use ais::amf::{CsiDescriptor, HaState};
use ais::{AisError, Dn};
use amfnd_client::{Amf, Component, Quiescing};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often new jobs are looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Runs the worker until the framework terminates it.
pub fn main(_args: Vec<OsString>) -> ExitCode {
    super::log_to_stderr();
    super::exit("sample-worker", amfnd_client::run(Worker::default()))
}

#[derive(Default)]
struct Worker {
    name: String,
    shares: BTreeMap<Dn, Share>,
    working: BTreeMap<Dn, Working>,
}

/// What a CSI says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Share {
    dir: PathBuf,
    number: u64,
    of: u64,
}

/// A share that is worked on.
struct Working {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Component for Worker {
    const TAKES_ATTRIBUTE_CHANGES: bool = true;

    fn registered(&mut self, _amf: &Amf, comp: &Dn) {
        self.name = comp.to_string();
        tracing::info!(%comp, pid = std::process::id(), "registered");
    }

    async fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> Result<(), AisError> {
        let csis = match csi.csi {
            Some(name) => {
                if !csi.attributes.is_empty() {
                    self.learn(&name, &csi.attributes)?;
                }
                vec![name]
            }
            None => self.shares.keys().cloned().collect(),
        };
        for csi in csis {
            match ha {
                HaState::Active => self.work(&csi).await?,
                HaState::Standby | HaState::Quiesced | HaState::Quiescing => self.rest(&csi).await,
            }
        }
        Ok(())
    }

    fn quiesce(&mut self, csi: CsiDescriptor) -> Quiescing {
        let csis = csi
            .csi
            .map_or_else(|| self.working.keys().cloned().collect(), |csi| vec![csi]);
        let working: Vec<Working> = csis.iter().filter_map(|csi| self.working.remove(csi)).collect();
        Box::pin(async move {
            for share in working {
                share.end().await;
            }
            Ok(())
        })
    }

    async fn csi_remove(&mut self, csi: Option<Dn>) -> Result<(), AisError> {
        let csis = csi.map_or_else(|| self.shares.keys().cloned().collect(), |csi| vec![csi]);
        for csi in csis {
            self.rest(&csi).await;
            self.shares.remove(&csi);
        }
        Ok(())
    }

    async fn csi_attributes_changed(
        &mut self,
        csi: Dn,
        attributes: Vec<(String, Vec<String>)>,
    ) -> Result<(), AisError> {
        self.learn(&csi, &attributes)?;
        if self.working.contains_key(&csi) {
            self.work(&csi).await?;
        }
        Ok(())
    }
}

impl Worker {
    fn learn(&mut self, csi: &Dn, attributes: &[(String, Vec<String>)]) -> Result<(), AisError> {
        let share = Share::read(attributes).ok_or_else(|| {
            tracing::error!(%csi, ?attributes, "dir, share and shares must be given, share less than shares");
            AisError::FailedOperation
        })?;
        tracing::info!(%csi, share.number, share.of, "a share of the work");
        self.shares.insert(csi.clone(), share);
        Ok(())
    }

    /// Works on a share, by what is known of it now.
    async fn work(&mut self, csi: &Dn) -> Result<(), AisError> {
        self.rest(csi).await;
        let share = self.shares.get(csi).cloned().ok_or(AisError::FailedOperation)?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::task::spawn_local(share.work(self.name.clone(), stopped));
        self.working.insert(csi.clone(), Working { stop, task });
        Ok(())
    }

    async fn rest(&mut self, csi: &Dn) {
        if let Some(working) = self.working.remove(csi) {
            working.end().await;
        }
    }
}

impl Working {
    /// Finishes the job that is under way.
    async fn end(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "working failed");
        }
    }
}

impl Share {
    fn read(attributes: &[(String, Vec<String>)]) -> Option<Share> {
        let first = |name: &str| {
            let attribute = attributes.iter().find(|(other, _)| other == name);
            attribute.and_then(|(_, values)| values.first())
        };
        let share = Share {
            dir: first("dir")?.into(),
            number: first("share")?.parse().ok()?,
            of: first("shares")?.parse().ok()?,
        };
        (share.number < share.of).then_some(share)
    }

    async fn work(self, worker: String, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            if let Err(error) = self.do_jobs(&worker) {
                tracing::warn!(%error, dir = %self.dir.display(), "the jobs cannot be seen");
            }
            // Whoever stops it need not wait for the next look.
            let _stopped_or_time = tokio::time::timeout(LOOK, stopped.changed()).await;
        }
    }

    fn do_jobs(&self, worker: &str) -> io::Result<()> {
        for entry in fs::read_dir(self.dir.join("todo"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Ok(number) = name.parse::<u64>() else { continue };
            if number % self.of == self.number {
                let done = self.dir.join("done").join(format!("{name}.{worker}"));
                fs::rename(self.dir.join("todo").join(name), done)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_its_share_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("todo")).unwrap();
        fs::create_dir(dir.path().join("done")).unwrap();
        for number in 0..6 {
            fs::write(dir.path().join(format!("todo/{number}")), "").unwrap();
        }
        let attribute = |name: &str, value: String| (name.to_owned(), vec![value]);
        let place = dir.path().display().to_string();
        let attributes = |share: u32| {
            [
                attribute("dir", place.clone()),
                attribute("share", share.to_string()),
                attribute("shares", "3".to_owned()),
            ]
        };
        let share = Share::read(&attributes(1)).unwrap();
        share.do_jobs("w").unwrap();
        let names = |sub: &str| {
            let entries = fs::read_dir(dir.path().join(sub)).unwrap().flatten();
            let mut names: Vec<_> = entries
                .map(|e| e.file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("done"), ["1.w", "4.w"]);
        assert_eq!(names("todo"), ["0", "2", "3", "5"]);
        assert_eq!(Share::read(&attributes(3)), None);
    }
}
