//! The usual main loop of a component: a trait for what differs, and a function for all the rest.

use std::future::{Future, ready};
use std::pin::Pin;

use ais::amf::{CallbackKind, CsiDescriptor, HaState, HealthcheckInvocation, RecommendedRecovery};
use ais::{AisError, Dn};
use tokio::task::{JoinSet, LocalSet};

use crate::{Amf, AmfError, Callback};

/// Work that ends when a component has finished what it had; it does not borrow the component.
pub type Quiescing = Pin<Box<dyn Future<Output = Result<(), AisError>>>>;

/// What a component does. Each method is a callback of the framework; an error tells that the component failed, and
/// the framework recovers it as its model says.
pub trait Component {
    /// Whether changes of the attributes of CSIs that it has are told at once, by
    /// [`Component::csi_attributes_changed`].
    const TAKES_ATTRIBUTE_CHANGES: bool = false;

    /// The keys of the healthchecks that the framework shall invoke, with the recovery when one fails. None at first.
    fn healthchecks(&self) -> Vec<(String, RecommendedRecovery)> {
        Vec::new()
    }

    /// The component is registered. `amf` may be kept, for error reports for example.
    fn registered(&mut self, amf: &Amf, comp: &Dn) {
        tracing::debug!(%comp, connected = !amf.is_closed(), "registered");
    }

    /// Take this HA state for the CSI, or for all the component has. Not called for QUIESCING.
    fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> impl Future<Output = Result<(), AisError>>;

    /// Take nothing new for the CSI (or all), finish what is there. The callback is answered at once; the component is
    /// quiesced when the future is ready.
    fn quiesce(&mut self, csi: CsiDescriptor) -> Quiescing {
        drop(csi);
        Box::pin(ready(Ok(())))
    }

    /// Give up the CSI, or all the component has.
    fn csi_remove(&mut self, csi: Option<Dn>) -> impl Future<Output = Result<(), AisError>> {
        drop(csi);
        ready(Ok(()))
    }

    /// The attributes of a CSI that it has are these now. Asked only where [`Component::TAKES_ATTRIBUTE_CHANGES`].
    fn csi_attributes_changed(
        &mut self,
        csi: Dn,
        attributes: Vec<(String, Vec<String>)>,
    ) -> impl Future<Output = Result<(), AisError>> {
        tracing::debug!(%csi, count = attributes.len(), "attributes changed");
        ready(Ok(()))
    }

    /// Instantiate a component that this one is the proxy or the container of.
    fn instantiate_other(&mut self, comp: &Dn) -> impl Future<Output = Result<(), AisError>> {
        tracing::warn!(%comp, "nothing is known of it");
        ready(Err(AisError::FailedOperation))
    }

    /// End a component that this one is the proxy or the container of, at once and without its help.
    fn clean_up_other(&mut self, comp: &Dn) -> impl Future<Output = Result<(), AisError>> {
        tracing::warn!(%comp, "nothing is known of it");
        ready(Err(AisError::FailedOperation))
    }

    /// Tell whether the component works.
    fn healthcheck(&mut self, key: &str) -> impl Future<Output = Result<(), AisError>> {
        tracing::trace!(key, "healthcheck");
        ready(Ok(()))
    }

    /// The process ends after this.
    fn terminate(&mut self) -> impl Future<Output = ()> {
        ready(())
    }
}

/// Runs the component whose process this is, until the framework terminates it.
///
/// # Errors
/// [`AmfError`] when the program was not started by a node director, is refused by it, or loses it.
pub fn run(component: impl Component) -> Result<(), AmfError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AmfError::refused(AisError::NoResources, error.to_string()))?;
    LocalSet::new().block_on(&runtime, async {
        let comp = Amf::component_name()?;
        let amf = Amf::initialize().await?;
        attend(&amf, &comp, component).await
    })
}

/// Registers the component on a connection and answers its callbacks until the framework terminates it.
///
/// # Errors
/// [`AmfError`] when the node director refuses or is lost.
pub async fn attend<C: Component>(amf: &Amf, comp: &Dn, mut component: C) -> Result<(), AmfError> {
    amf.register(comp).await?;
    if C::TAKES_ATTRIBUTE_CHANGES {
        amf.attribute_changes_accept(comp).await?;
    }
    for (key, recovery) in component.healthchecks() {
        let started = amf.healthcheck_start(comp, &key, HealthcheckInvocation::AmfInvoked, recovery);
        match started.await {
            Ok(()) => {}
            // It is being terminated already; the callback that says so is on its way.
            Err(AmfError::Refused {
                error: AisError::TryAgain,
                text,
            }) => {
                tracing::info!(%comp, key, text, "no healthcheck");
            }
            Err(error) => return Err(error),
        }
    }
    component.registered(amf, comp);
    let mut quiescing = JoinSet::new();
    while let Some(callback) = next(amf, &mut quiescing).await {
        let invocation = callback.invocation;
        let result = match callback.kind {
            CallbackKind::Healthcheck { key } => component.healthcheck(&key).await,
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                csi,
            } => {
                let work = component.quiesce(csi);
                amf.response(invocation, Ok(())).await?;
                let amf = amf.clone();
                quiescing.spawn_local(async move {
                    let result = work.await;
                    if let Err(error) = amf.csi_quiescing_complete(invocation, result).await {
                        tracing::warn!(%error, "the end of quiescing cannot be told");
                    }
                });
                continue;
            }
            CallbackKind::CsiSet { ha, csi } => component.csi_set(ha, csi).await,
            CallbackKind::CsiRemove { csi } => component.csi_remove(csi).await,
            CallbackKind::CsiAttributeChange { csi, attributes } => {
                component.csi_attributes_changed(csi, attributes).await
            }
            CallbackKind::ProxiedInstantiate | CallbackKind::ContainedInstantiate => {
                component.instantiate_other(&callback.comp).await
            }
            CallbackKind::ProxiedCleanup | CallbackKind::ContainedCleanup => {
                component.clean_up_other(&callback.comp).await
            }
            CallbackKind::Terminate => {
                component.terminate().await;
                amf.response(invocation, Ok(())).await?;
                amf.finalize().await;
                return Ok(());
            }
        };
        amf.response(invocation, result).await?;
    }
    Err(AmfError::Disconnected("the node director is gone".to_owned()))
}

/// The next callback; meanwhile finished quiescing is put away.
async fn next(amf: &Amf, quiescing: &mut JoinSet<()>) -> Option<Callback> {
    loop {
        tokio::select! {
            biased;
            callback = amf.next_callback() => return callback,
            Some(ended) = quiescing.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "quiescing failed");
                }
            }
        }
    }
}
