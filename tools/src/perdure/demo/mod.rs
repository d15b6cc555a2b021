//! `perdure demo`: a cluster on this machine, and what it does when things die.
//!
//! Each step says what was measured and checks what must hold; a step that does not hold makes the demo end with 1.

use std::path::Path;
use std::time::{Duration, Instant};

use ais::Dn;
use ais::amf::AdminOperation;
use immd_client::{AdminOwner, Imm};

use super::explain;
use super::failure::Failure;

mod load;
mod stage;

use load::Load;
use stage::{Roles, Stage, change, kill, operate, roles, wait_for};

/// The service instance that the web servers serve, and the CSI attribute that is the page's text.
const WEB_SI: &str = "safSi=Web,safApp=Demo";
const WEB_TEXT: &str = "safCsiAttr=text,safCsi=Web,safSi=Web,safApp=Demo";
/// The service instance of the component that is scripts only.
const SCRIPT_SI: &str = "safSi=Script,safApp=Demo";
/// The least number of answered requests that a statement about a step is made from.
const REQUESTS_LEAST: u32 = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Leave the cluster running
    #[arg(long)]
    keep: bool,
    /// The port of the web server; a free one unless given
    #[arg(long, value_name = "P")]
    port: Option<u16>,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let stage = Stage::prepare(dir, arguments.port)?;
    let is_temporary = dir.is_none();
    let begin = Instant::now();
    let played = stage.up().and_then(|()| {
        let mut play = Play {
            stage: &stage,
            keep: arguments.keep,
            step: 0,
            wrong: Vec::new(),
        };
        super::block_on(play.run(begin.elapsed()))
    });
    if arguments.keep {
        println!(
            "\nthe cluster goes on; stop it with: perdure down --dir {}",
            stage.place.dir().display()
        );
        return played;
    }
    let begin = Instant::now();
    let stopped = stage.down();
    if stopped.is_ok() {
        println!("\nstopped in order in {} ms", begin.elapsed().as_millis());
    }
    match (played, stopped) {
        (Ok(()), Ok(())) => {
            if is_temporary {
                stage.place.remove();
            }
            Ok(())
        }
        (Err(failure), Err(second)) => Err(failure.and(second.to_string())),
        (Err(failure), Ok(())) | (Ok(()), Err(failure)) => Err(failure),
    }
    .map_err(|failure| failure.and(format!("logs are in {}/log", stage.place.dir().display())))
}

/// The demo as it is played.
struct Play<'a> {
    stage: &'a Stage,
    keep: bool,
    step: u32,
    wrong: Vec<String>,
}

impl Play<'_> {
    async fn run(&mut self, up: Duration) -> Result<(), Failure> {
        let imm = self.stage.connect().await?;
        let load = Load::start(self.stage.port);
        self.begin(&imm, &load, up).await?;
        self.kill_active(&imm, &load).await?;
        let owner = owner(&imm).await?;
        self.swap(&imm, &owner, &load).await?;
        self.upgrade(&imm, &owner, &load).await?;
        drop(owner);
        drop(imm);
        self.kill_daemon("amfd", &load).await?;
        self.kill_daemon("immd", &load).await?;
        self.hint();
        if self.wrong.is_empty() {
            return Ok(());
        }
        let failure = Failure::new("the demo did not show what it promises");
        Err(std::mem::take(&mut self.wrong)
            .into_iter()
            .fold(failure, Failure::and))
    }

    /// Who is active once all is assigned.
    async fn begin(&mut self, imm: &Imm, load: &Load, up: Duration) -> Result<(), Failure> {
        self.title("two nodes, a web server as a 2N group, a script-only component");
        measured("perdure up", up);
        let ready = wait_for("the services to be assigned", async || {
            is_assigned(imm, WEB_SI).await && is_assigned(imm, SCRIPT_SI).await && load.seen().answered > 0
        })
        .await?;
        measured("until everything is assigned and the page is served", ready);
        if let Some(roles) = roles(imm, WEB_SI).await {
            show_roles(&roles);
        }
        Ok(())
    }

    async fn kill_active(&mut self, imm: &Imm, load: &Load) -> Result<(), Failure> {
        let before = self.roles(imm).await?;
        let victims = self.stage.processes(&comp_of(&before.active));
        self.title(&format!(
            "kill -9 of the active server (pid {victims:?}) while a client requests the page"
        ));
        let Some(victim) = victims.first() else {
            return Err(Failure::new(format!(
                "{} has no process",
                comp_of(&before.active)
            )));
        };
        wait_for_requests(load).await?;
        load.begin();
        kill(*victim)?;
        let standby_comp = comp_of(&before.standby);
        let taken = wait_for("the page from the other server", async || {
            load.seen().page.contains(&standby_comp)
        })
        .await?;
        measured("until the page comes from the other server", taken);
        let swapped = Roles {
            active: before.standby.clone(),
            standby: before.active.clone(),
        };
        let repaired = wait_for("the killed server as standby", async || {
            roles(imm, WEB_SI).await.as_ref() == Some(&swapped)
        })
        .await?;
        measured("until the killed server is back as standby", taken + repaired);
        wait_for_requests(load).await?;
        show_requests(load);
        show_roles(&swapped);
        let after = self.stage.processes(&comp_of(&before.active));
        self.expect(
            !after.is_empty() && !after.contains(victim),
            "the killed server runs as a new process",
        );
        Ok(())
    }

    async fn swap(&mut self, imm: &Imm, owner: &AdminOwner, load: &Load) -> Result<(), Failure> {
        self.title("amf-adm si-swap");
        let before = self.roles(imm).await?;
        load.begin();
        measured(
            "the operation",
            operate(owner, &dn(WEB_SI)?, AdminOperation::SiSwap).await?,
        );
        let after = roles(imm, WEB_SI).await;
        wait_for_requests(load).await?;
        show_requests(load);
        let is_swapped = after
            .as_ref()
            .is_some_and(|after| after.active == before.standby && after.standby == before.active);
        self.expect(
            is_swapped,
            "both have changed their roles when the operation is answered",
        );
        after.iter().for_each(show_roles);
        Ok(())
    }

    /// Lock, update, unlock, one SU after the other: the service goes on with the new text.
    async fn upgrade(&mut self, imm: &Imm, owner: &AdminOwner, load: &Load) -> Result<(), Failure> {
        let before = self.roles(imm).await?;
        self.title(&format!("lock, update, unlock of {}", before.active));
        load.begin();
        measured(
            "lock: the other one serves",
            operate(owner, &before.active, AdminOperation::Lock).await?,
        );
        let text = "Hello, version 2";
        measured(
            "update of the page's text",
            change(owner, &dn(WEB_TEXT)?, "saAmfCSIAttriValue", text).await?,
        );
        measured(
            "unlock: back as standby",
            operate(owner, &before.active, AdminOperation::Unlock).await?,
        );
        self.roles(imm).await?;
        measured(
            "si-swap: the updated one serves",
            operate(owner, &dn(WEB_SI)?, AdminOperation::SiSwap).await?,
        );
        let updated = comp_of(&before.active);
        let is_new = async || {
            let page = load.seen().page;
            page.contains(text) && page.contains(&updated)
        };
        wait_for("the updated page", is_new).await?;
        wait_for_requests(load).await?;
        show_requests(load);
        let page = load.seen().page;
        println!(
            "       the page now: {}",
            page.lines().collect::<Vec<_>>().join(" | ")
        );
        Ok(())
    }

    /// A daemon is killed and nothing of the services notices.
    async fn kill_daemon(&mut self, name: &str, load: &Load) -> Result<(), Failure> {
        let imm = self.stage.connect().await?;
        let before = self.roles(&imm).await?;
        let comps = [comp_of(&before.active), comp_of(&before.standby)];
        let processes: Vec<Vec<u32>> = comps.iter().map(|comp| self.stage.processes(comp)).collect();
        let victim = self.stage.daemon(name);
        let victim = victim.ok_or_else(|| Failure::new(format!("{name} does not run")))?;
        self.title(&format!("kill -9 of {name} (pid {victim}) under load"));
        load.begin();
        let begin = Instant::now();
        kill(victim)?;
        wait_for("another process in its place", async || {
            self.stage.daemon(name).is_some_and(|pid| pid != victim)
        })
        .await?;
        let imm = self.stage.connect().await?;
        let web = dn(WEB_SI)?;
        wait_for("the director's answer", async || {
            explain::ask(&self.stage.place, &web).await.is_ok()
        })
        .await?;
        measured("until it is back", begin.elapsed());
        wait_for_requests(load).await?;
        show_requests(load);
        self.expect(load.seen().failed == 0, "no request failed meanwhile");
        let owner = owner(&imm).await?;
        let begin = Instant::now();
        // Until the director is attached again nobody carries operations out.
        wait_for("an si-swap", async || {
            operate(&owner, &web, AdminOperation::SiSwap).await.is_ok()
        })
        .await?;
        measured("si-swap after it", begin.elapsed());
        let after = self.roles(&imm).await?;
        self.expect(after.active == before.standby, "the cluster obeys after it");
        let now: Vec<Vec<u32>> = comps.iter().map(|comp| self.stage.processes(comp)).collect();
        self.expect(now == processes, "no component was restarted");
        Ok(())
    }

    /// The roles, once both are taken.
    async fn roles(&self, imm: &Imm) -> Result<Roles, Failure> {
        let mut found = None;
        wait_for("an active and a standby server", async || {
            found = roles(imm, WEB_SI).await;
            found.is_some()
        })
        .await?;
        found.ok_or_else(|| Failure::new("nobody is active"))
    }

    fn title(&mut self, text: &str) {
        self.step += 1;
        println!("\n{}. {text}", self.step);
    }

    fn expect(&mut self, holds: bool, text: &str) {
        println!("     {} {text}", if holds { "ok " } else { "NOT" });
        if !holds {
            self.wrong.push(format!("step {}: not {text}", self.step));
        }
    }

    fn hint(&self) {
        println!();
        if self.keep {
            let (dir, bin) = (self.stage.place.dir().display(), self.stage.place.bin());
            println!(
                "Look around:  export PERDURE_DIR={dir} PATH={}:$PATH",
                bin.display()
            );
        } else {
            println!("With --keep the cluster stays, to look around with:");
        }
        println!("  perdure status;  perdure explain {WEB_SI};  amf-state su;  amf-state siass");
        println!("  immfind -c SaAmfSI;  immlist {WEB_SI};  amf-adm si-swap {WEB_SI}");
    }
}

async fn owner(imm: &Imm) -> Result<AdminOwner, Failure> {
    imm.admin_owner("perdure-demo", true)
        .await
        .map_err(|error| Failure::imm("become an admin owner", &error))
}

async fn is_assigned(imm: &Imm, si: &str) -> bool {
    let objects = super::cluster::objects(imm, "SaAmfSI", &["saAmfSIAssignmentState"]).await;
    let assigned = Some(ais::amf::AssignmentState::FullyAssigned.code());
    objects.is_ok_and(|objects| {
        objects.iter().any(|object| {
            object.dn.as_str() == si && super::cluster::number(object, "saAmfSIAssignmentState") == assigned
        })
    })
}

async fn wait_for_requests(load: &Load) -> Result<Duration, Failure> {
    let least = load.seen().answered + REQUESTS_LEAST;
    wait_for("the client's requests", async || load.seen().answered >= least).await
}

fn dn(text: &str) -> Result<Dn, Failure> {
    Dn::new(text).map_err(|error| Failure::new(error.to_string()))
}

fn comp_of(su: &Dn) -> String {
    format!("safComp=Web,{su}")
}

fn measured(what: &str, time: Duration) {
    println!("     {:9.1} ms  {what}", time.as_secs_f64() * 1000.0);
}

fn show_requests(load: &Load) {
    let seen = load.seen();
    let (failed, all) = (seen.failed, seen.failed + seen.answered);
    println!(
        "     {:9.1} ms  the longest time without an answer; {failed} of {all} requests failed",
        seen.gap.as_secs_f64() * 1000.0
    );
}

fn show_roles(roles: &Roles) {
    println!("       active {}, standby {}", roles.active, roles.standby);
}
