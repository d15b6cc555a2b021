@0x9c44e7a1d03b6f28;
# The component API (SAI-AIS-AMF) between a component's process and the node director. `Amf` is the bootstrap
# capability of amfnd's component socket.

using import "value.capnp".Status;
using import "amf.capnp".CsiAttribute;

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
  }
}

interface Amf {
  initialize @0 (callbacks :ComponentCallbacks) -> (status :Status, session :ComponentSession);
  flush @1 () -> ();
  # Answered when all that the process sent before has been taken, answers to callbacks included.
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
  errorReport @7 (comp :Text, detectionTime :Int64, recovery :UInt32) -> (status :Status);
  errorClear @8 (comp :Text) -> (status :Status);
}

interface ComponentCallbacks {
  callback @0 (callback :Callback) -> (result :UInt32);
  # Answered when the component calls saAmfResponse: 1 is OK, anything else a failure.
}
