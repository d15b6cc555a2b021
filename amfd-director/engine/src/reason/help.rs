//! What helps where a reason stands in the way: the next command, with the names filled in.

use ais::Dn;

use super::Reason;

impl Reason {
    /// What helps; empty where nothing need be done or nobody can do anything. `subject` is what the reason was given for.
    pub fn help(&self, subject: &Dn) -> String {
        match self {
            Reason::ScopeLocked { scope } => return format!("amf-adm unlock {scope}"),
            Reason::ShuttingDown { scope } => return format!("wait, or amf-adm unlock {scope}"),
            Reason::NodeDisabled { node } => return format!("amf-adm repaired {node}"),
            Reason::SponsorUnassigned { sponsor } => return format!("perdure explain {sponsor}"),
            Reason::NodeAbsent { node } => {
                return format!("perdure status shows whether the amfnd of {node} runs");
            }
            _ => {}
        }
        match self.code() {
            "MODEL-BROKEN" => "mend the object with immcfg; the rest of the cluster runs".to_owned(),
            "SU-LOCKED" | "SI-LOCKED" => format!("amf-adm unlock {subject}"),
            "SU-DISABLED" | "REPAIR-BY-HAND" => format!("mend the cause, then amf-adm repaired {subject}"),
            "NODE-NOT-REBOOTED" => format!("mend the node, then amf-adm repaired {subject}"),
            "SU-NOT-INSTANTIATED" => format!("wait, or amf-adm unlock-in {subject}"),
            "CLUSTER-STARTING" => "wait; saAmfClusterStartupTimeout bounds it".to_owned(),
            "NODE-UNREPORTED" | "SPONSOR-UNREPORTED" => "wait; perdure status shows the nodes".to_owned(),
            "NODE-AWAITED" => "wait; osafAmfDelayNodeFailoverTimeout bounds it".to_owned(),
            "NODE-FENCING" => "wait for the fence command".to_owned(),
            "FENCE-FAILED" => "mend the fence command".to_owned(),
            "SU-WITHOUT-NODE" => "give the SU a node or a node group with nodes".to_owned(),
            "SU-NOT-NEEDED" => "raise saAmfSGNumPrefInserviceSUs".to_owned(),
            "SU-UNFIT" => "create a SaAmfCompCsType below a component".to_owned(),
            "SU-NOT-READY" => {
                "wait; a component says with saAmfHAReadinessStateSet when it is ready".to_owned()
            }
            "SI-WITHOUT-CSI" => format!("create a SaAmfCSI below {subject}"),
            "SI-NO-ACTIVE-SU" | "SI-NO-STANDBY-SU" => "see the SUs that are named after it".to_owned(),
            "SI-NO-ROOM-ACTIVE" => "bring more SUs in service, or raise saAmfSGMaxActiveSIsperSU".to_owned(),
            "SI-NO-ROOM-STANDBY" => {
                "bring more SUs in service, or raise saAmfSGMaxStandbySIsperSU".to_owned()
            }
            "SI-NO-ROOM-COMPS" => "bring more SUs in service, or raise saAmfCompNumMaxActiveCSIs or saAmfCompNumMaxStandbyCSIs of components".to_owned(),
            "SU-BEYOND-PREF-ASSIGNED" => "raise saAmfSGNumPrefAssignedSUs".to_owned(),
            "SPONSOR-TOLERATED" => "perdure explain the sponsor; saAmfToleranceTime is the time".to_owned(),
            "SPONSOR-MISRANKED" => "give the sponsor a rank that is not greater".to_owned(),
            "CSI-NO-COMP" => "compare the SaAmfCompCsType objects with the CSI types".to_owned(),
            "COMMAND-FAILED" => "run the command by hand with the environment of the component".to_owned(),
            "SU-ON-PROBATION" => "wait for saAmfSGAutoAdjustProb, or amf-adm sg-adjust the SG".to_owned(),
            "CLUSTER-RESETTING" | "APP-RESTART" | "SCOPE-RESTARTING" | "SPONSOR-LEAVING"
            | "SI-DEPENDENT-FIRST" => "wait".to_owned(),
            _ => String::new(),
        }
    }
}
