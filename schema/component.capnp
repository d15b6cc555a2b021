@0x9c44e7a1d03b6f28;
# The component API (SAI-AIS-AMF) between a component's process and the node director. `Amf` is the bootstrap
# capability of amfnd's component socket.

using import "value.capnp".Status;
using import "amf.capnp".CsiAttribute;
using import "amf.capnp".ProtectionGroupMember;

struct Callback {
  invocation @0 :UInt64;
  comp @1 :Text;
  union {
    healthcheck @2 :Text;
    # The key.
    terminate @3 :Void;
    csiSet :group {
      ha @4 :UInt32;
      csi @5 :Text;
      # Empty: all the component has (SA_AMF_CSI_TARGET_ALL).
      isNew @6 :Bool;
      transition @7 :UInt8;
      activeComp @8 :Text;
      standbyRank @9 :UInt32;
      attributes @10 :List(CsiAttribute);
    }
    csiRemove @11 :Text;
    # The CSI; empty: all the component has.
    csiAttributeChange :group {
      csi @12 :Text;
      attributes @13 :List(CsiAttribute);
    }
    proxiedInstantiate @14 :Void;
    proxiedCleanup @15 :Void;
    containedInstantiate @16 :Void;
    containedCleanup @17 :Void;
  }
}

struct ProtectionGroupNotification {
  member @0 :ProtectionGroupMember;
  change @1 :UInt8;
}

interface Amf {
  initialize @0 (callbacks :ComponentCallbacks) -> (status :Status, session :ComponentSession);
  flush @1 () -> ();
  # Answered when all that the process sent before has been taken, answers to callbacks included.
  directorWatch @2 (watcher :DirectorWatcher) -> (present :Bool);
  # Whether the node director has a director now; the watcher, one for a process, hears of each change until it is dropped.
  manage @3 (proxy :Text) -> (status :Status, callbacks :ComponentCallbacks, link :ProxyLink);
  # From the director of another node, some of whose components are proxied by `proxy`, which is registered here: `callbacks`
  # asks it about them. The connection ends with the registration.
}

interface ProxyLink {
  serve @0 (comps :List(Text), session :ComponentSession) -> ();
  # From now on what the proxy asks about these components goes to the session.
}

interface DirectorWatcher {
  changed @0 (present :Bool) -> ();
}

interface ComponentSession {
  # Dropping it finalises: a registered component counts as gone.
  register @0 (comp :Text, proxy :Text) -> (status :Status);
  unregister @1 (comp :Text, proxy :Text) -> (status :Status);
  healthcheckStart @2 (comp :Text, key :Text, invocation :UInt8, recovery :UInt32) -> (status :Status);
  # invocation: 1 by the framework, 2 by the component.
  healthcheckStop @3 (comp :Text, key :Text) -> (status :Status);
  healthcheckConfirm @4 (comp :Text, key :Text, result :UInt32) -> (status :Status);
  csiQuiescingComplete @5 (invocation :UInt64, result :UInt32) -> (status :Status);
  haStateGet @6 (comp :Text, csi :Text) -> (status :Status, ha :UInt32);
  errorReport @7 (comp :Text, detectionTime :Int64, recovery :UInt32, root :UInt64, parent :UInt64) -> (status :Status);
  # root, parent: notifications that led to it; 0 are none. In errorClear too.
  errorClear @8 (comp :Text, root :UInt64, parent :UInt64) -> (status :Status);
  attributeChangesAccept @9 (comp :Text) -> (status :Status);
  # The process that registered the component takes csiAttributeChange callbacks.
  pmStart @10 (comp :Text, pid :UInt64, depth :Int32, errors :UInt32, recovery :UInt32) -> (status :Status);
  # depth: -1 all descendants. errors: 1 exit 0, 2 other exits, 4 signals.
  pmStop @11 (comp :Text, qualifier :UInt8, pid :UInt64, errors :UInt32) -> (status :Status);
  protectionGroupTrack @12 (csi :Text, flags :UInt8) -> (status :Status, notifications :List(ProtectionGroupNotification));
  # flags: 1 current, 2 changes, 4 changes only. The members where 1 is set; otherwise none.
  protectionGroupTrackStop @13 (csi :Text) -> (status :Status);
  haReadinessStateSet @14 (comp :Text, csi :Text, state :UInt32) -> (status :Status);
  # csi empty: all the component has.
  correlationIdsGet @15 (invocation :UInt64) -> (status :Status, root :UInt64, parent :UInt64);
  # The first and the newest notification of what led to a callback that is not answered yet; 0 where there is none.
}

interface ComponentCallbacks {
  callback @0 (callback :Callback) -> (result :UInt32, root :UInt64, parent :UInt64);
  # Answered when the component calls saAmfResponse: 1 is OK, anything else a failure; then root and parent are the
  # notifications that led to it, 0 none.
  protectionGroup @1 (csi :Text, error :UInt32, memberCount :UInt32, notifications :List(ProtectionGroupNotification)) -> ();
  # error: 1 where the group exists, otherwise why there is none.
}
