@0xb81d3f60a92e57c5;
# Director and node director. `Director` is the bootstrap capability of amfd's socket.
# The structs mirror ais::amf::{NodeOrder, NodeReport}; their meaning stands there.

using import "value.capnp".Status;
using import "ntf.capnp".Notifications;

struct Command {
  path @0 :Text;
  argv @1 :List(Text);
  timeoutMs @2 :UInt64;
}

struct Healthcheck {
  key @0 :Text;
  periodMs @1 :UInt64;
  maxDurationMs @2 :UInt64;
}

struct CompConfig {
  dn @0 :Text;
  category @1 :UInt32;
  instantiationLevel @2 :UInt32;
  instantiate @3 :Command;
  terminate @4 :Command;
  cleanup @5 :Command;
  # A null pointer means that there is no such command.
  env @6 :List(Text);
  instantiateRetriesWithoutDelay @7 :UInt32;
  instantiateRetriesWithDelay @8 :UInt32;
  instantiateDelayMs @9 :UInt64;
  terminateCallbackTimeoutMs @10 :UInt64;
  csiSetTimeoutMs @11 :UInt64;
  csiRemoveTimeoutMs @12 :UInt64;
  quiescingCompleteTimeoutMs @13 :UInt64;
  recoveryOnError @14 :UInt32;
  disableRestart @15 :Bool;
  healthchecks @16 :List(Healthcheck);
  amStart @17 :Command;
  amStop @18 :Command;
  # Null pointers mean that there is no such command.
  amStartAttempts @19 :UInt32;
  amStopAttempts @20 :UInt32;
  healthcheckCommand @21 :Command;
  healthcheckPeriodMs @22 :UInt64;
  proxyCsi @23 :Text;
  containerCsi @24 :Text;
  # Empty where there is none.
  managerInstantiateTimeoutMs @25 :UInt64;
  managerCleanupTimeoutMs @26 :UInt64;
}

struct SuConfig {
  dn @0 :Text;
  suFailover @1 :Bool;
  compRestartMax @2 :UInt32;
  compRestartProbationMs @3 :UInt64;
  suRestartMax @4 :UInt32;
  suRestartProbationMs @5 :UInt64;
  comps @6 :List(CompConfig);
}

struct CsiAttribute {
  name @0 :Text;
  values @1 :List(Text);
}

struct CsiAssignment {
  csi @0 :Text;
  comp @1 :Text;
  dependencyLevel @2 :UInt32;
  transition @3 :UInt8;
  activeComp @4 :Text;
  # Empty where there is none.
  standbyRank @5 :UInt32;
  attributes @6 :List(CsiAttribute);
  needs @7 :List(Text);
  # The CSIs of the SI that it directly depends on.
}

struct SiAssignment {
  si @0 :Text;
  csis @1 :List(CsiAssignment);
}

struct NodeOrder {
  id @0 :UInt64;
  # 0 in orders that have none.
  su @1 :Text;
  # Empty in orders about the node.
  union {
    configureNode :group {
      dn @2 :Text;
      nodeId @3 :UInt32;
      suFailoverMax @16 :UInt32;
      suFailoverProbationMs @17 :UInt64;
      counting @18 :UInt8;
      # 0 as the specification counts, 1 as OpenSAF does.
    }
    configureSu @4 :SuConfig;
    removeSu @5 :Void;
    instantiate @6 :Void;
    terminate @7 :Void;
    restart @8 :Text;
    # The component, or empty for the whole SU.
    assign :group {
      ha @9 :UInt32;
      sis @10 :List(SiAssignment);
    }
    remove @11 :List(Text);
    cleanup @12 :Void;
    repair @13 :Void;
    reboot @14 :Text;
    reportAll @15 :Void;
    repairNode @19 :Void;
    monitor :group {
      comp @21 :Text;
      # Empty for all of the SU.
      run @22 :Bool;
    }
    protectionGroup @23 :ProtectionGroup;
    leave @24 :Void;
  }
  cause @20 :UInt64;
  # The story that it belongs to, for logs; 0 where there is none.
}

struct ProtectionGroupMember {
  comp @0 :Text;
  ha @1 :UInt32;
  haReadiness @2 :UInt32;
  rank @3 :UInt32;
  node @4 :Text;
  # Where it runs; told to node directors only.
}

struct ProtectionGroup {
  csi @0 :Text;
  exists @1 :Bool;
  members @2 :List(ProtectionGroupMember);
}

struct CommandFailure {
  command @0 :Text;
  path @1 :Text;
  cause @2 :Text;
  stderr @3 :Text;
  forbidsRetry @4 :Bool;
}

struct CompReport {
  comp @0 :Text;
  presence @1 :UInt32;
  oper @2 :UInt32;
  restartCount @3 :UInt32;
  failure @4 :CommandFailure;
  # Null where there is none.
  monitor @5 :UInt8;
  # 0 none, 1 stopped, 2 running.
  manager @6 :Text;
  # Empty where there is none.
  haReadiness @7 :List(CsiReadiness);
}

struct CsiReadiness {
  csi @0 :Text;
  state @1 :UInt32;
}

struct CsiHolder {
  csi @0 :Text;
  comp @1 :Text;
}

struct AssignmentReport {
  si @0 :Text;
  ha @1 :UInt32;
  csis @2 :List(CsiHolder);
}

struct FaultReport {
  comp @0 :Text;
  recovery @1 :UInt32;
  source @2 :UInt32;
  isolated @3 :Bool;
  withApplication @4 :Bool;
}

struct OrderReport {
  term @0 :UInt64;
  id @1 :UInt64;
  union {
    inProgress @2 :Void;
    done @3 :Void;
    failed @4 :Text;
  }
}

struct SuReport {
  su @0 :Text;
  presence @1 :UInt32;
  restartCount @2 :UInt32;
  comps @3 :List(CompReport);
  assignments @4 :List(AssignmentReport);
  fault @5 :FaultReport;
  # Null where there is none.
  order @6 :OrderReport;
  # Null where there is none.
}

struct NodeReport {
  union {
    su @0 :SuReport;
    unknownSu @1 :Text;
    allReported @2 :Void;
    notRebooted @3 :Text;
    tracks @4 :List(Text);
    leaving @5 :Void;
  }
}

struct Reason {
  code @0 :Text;
  # A code of docs/REASONS.md.
  subject @1 :Text;
  # The entity that it is about.
  text @2 :Text;
  help @3 :Text;
  # What helps; empty where nothing need be done.
}

struct StoryEntry {
  cause @0 :UInt64;
  time @1 :Int64;
  # Nanoseconds since the epoch.
  subject @2 :Text;
  # The entity; empty where it is about the story.
  code @3 :Text;
  # BEGAN, ORDER, DONE, FAILED, MERGED, SETTLED, or a code of docs/REASONS.md.
  text @4 :Text;
}

interface Director {
  nodeUp @0 (node :Text, callbacks :NodeDirector) -> (status :Status, term :UInt64, session :DirectorSession);
  # NOT_EXIST: no SaAmfNode has this name. EXIST: the node has a session already.
  explain @1 (dn :Text) -> (status :Status, text :List(Text), reasons :List(Reason));
  # Why the entity is as it is: sentences, the most important first, and the reasons among them with their codes.
  notifications @2 () -> (service :Notifications);
  timeline @3 (object :Text, since :Int64, most :UInt32) -> (status :Status, entries :List(StoryEntry));
  # The newest entries of whole stories, older ones first; of those that concern the object, where one is named, and that
  # ended after `since` (nanoseconds since the epoch).
}

interface DirectorSession {
  report @0 (reports :List(NodeReport)) -> ();
  correlationIds @1 (cause :UInt64) -> (root :UInt64, parent :UInt64);
  # The first and the newest notification of a story; 0 where there is none.
  correlate @2 (comp :Text, clears :Bool, root :UInt64, parent :UInt64) -> ();
  # The next notification of an error of the component, or of its end, correlates to these; 0 are none.
  proxiedFromElsewhere @3 (comp :Text) -> (node :Text);
  # The node of a component whose proxy is on another one; empty for every other component.
}

interface NodeDirector {
  order @0 (term :UInt64, orders :List(NodeOrder)) -> (status :Status);
  # BAD_OPERATION: the term is older than one seen before; none of the orders is carried out.
  heartbeat @1 () -> ();
}
