//! The component of OpenSAF's AmfDemo models: says what the framework asks of it and does nothing else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use ais::amf::{CsiDescriptor, HaState, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, Component, Quiescing};

/// The values of a CSI's attributes, by name.
type Attributes = BTreeMap<String, Vec<String>>;

/// Runs the component until the framework terminates it.
pub fn main(_args: Vec<OsString>) -> ExitCode {
    super::log_to_stderr();
    super::exit("sample-amf-demo", amfnd_client::run(AmfDemo::default()))
}

#[derive(Default)]
struct AmfDemo {
    csis: BTreeMap<Dn, Attributes>,
    healthchecks: u64,
}

impl AmfDemo {
    /// Takes the attributes of a CSI, and tells what is new or changed in them.
    fn learn(&mut self, csi: &Dn, attributes: Vec<(String, Vec<String>)>) {
        let fresh: Attributes = attributes.into_iter().collect();
        let known = self.csis.entry(csi.clone()).or_default();
        for (name, values) in &fresh {
            match known.get(name) {
                Some(old) if old == values => {}
                Some(old) => tracing::info!(%csi, name, ?old, new = ?values, "CSI attribute changed"),
                None => tracing::info!(%csi, name, ?values, "CSI attribute"),
            }
        }
        for name in known.keys().filter(|name| !fresh.contains_key(*name)) {
            tracing::info!(%csi, name, "CSI attribute removed");
        }
        *known = fresh;
    }
}

impl Component for AmfDemo {
    fn healthchecks(&self) -> Vec<(String, RecommendedRecovery)> {
        vec![("AmfDemo".to_owned(), RecommendedRecovery::ComponentRestart)]
    }

    fn registered(&mut self, _amf: &Amf, comp: &Dn) {
        tracing::info!(%comp, pid = std::process::id(), "registered");
        for (name, value) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AMF_DEMO"))
        {
            tracing::info!(?name, ?value, "environment");
        }
    }

    async fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> Result<(), AisError> {
        let target = csi.csi.as_ref().map_or("all CSIs", Dn::as_str);
        match ha {
            HaState::Active => {
                let before = csi.active_comp.as_ref().map_or("nobody", Dn::as_str);
                tracing::info!(csi = target, transition = ?csi.transition, before, "CSI set: ACTIVE");
            }
            HaState::Standby => {
                let active = csi.active_comp.as_ref().map_or("nobody", Dn::as_str);
                tracing::info!(csi = target, active, rank = csi.standby_rank, "CSI set: STANDBY");
            }
            HaState::Quiesced | HaState::Quiescing => tracing::info!(csi = target, "CSI set: {ha}"),
        }
        if let Some(name) = &csi.csi
            && (csi.is_new || !csi.attributes.is_empty())
        {
            self.learn(name, csi.attributes);
        }
        Ok(())
    }

    fn quiesce(&mut self, csi: CsiDescriptor) -> Quiescing {
        let target = csi.csi.as_ref().map_or("all CSIs", Dn::as_str);
        tracing::info!(csi = target, "CSI set: QUIESCING; nothing to finish");
        Box::pin(std::future::ready(Ok(())))
    }

    async fn csi_remove(&mut self, csi: Option<Dn>) -> Result<(), AisError> {
        tracing::info!(csi = csi.as_ref().map_or("all CSIs", Dn::as_str), "CSI remove");
        match csi {
            Some(csi) => drop(self.csis.remove(&csi)),
            None => self.csis.clear(),
        }
        Ok(())
    }

    async fn healthcheck(&mut self, key: &str) -> Result<(), AisError> {
        self.healthchecks += 1;
        tracing::info!(key, count = self.healthchecks, "healthcheck");
        Ok(())
    }

    async fn terminate(&mut self) {
        tracing::info!("terminating");
    }
}
