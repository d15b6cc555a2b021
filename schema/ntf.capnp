@0xe2a6c85f41d7b309;
# Notifications: told, kept, read and subscribed to. The structs mirror ais::ntf; their meaning stands there.
# Numbers in enumerations are the ones that SA Forum's C headers give them.

using import "value.capnp".Status;
using import "value.capnp".Value;

struct Item {
  id @0 :UInt16;
  value @1 :Value;
}

struct StateChange {
  id @0 :UInt16;
  hasOld @1 :Bool;
  old @2 :UInt16;
  new @3 :UInt16;
}

struct AttributeChange {
  id @0 :UInt16;
  old @1 :Value;
  # Null where there was none.
  new @2 :Value;
}

struct Notification {
  id @0 :UInt64;
  time @1 :Int64;
  # Nanoseconds since the epoch. Both are 0 in what is sent; the service gives them, a time only where there is none.
  event @2 :UInt32;
  object @3 :Text;
  notifying @4 :Text;
  vendor @5 :UInt32;
  major @6 :UInt16;
  minor @7 :UInt16;
  text @8 :Text;
  info @9 :List(Item);
  correlated @10 :List(UInt64);
  union {
    alarm :group {
      cause @11 :UInt8;
      severity @12 :UInt8;
      repair @13 :Text;
      # Empty where there is none.
    }
    stateChange :group {
      source @14 :UInt8;
      changes @15 :List(StateChange);
    }
    objectCreateDelete :group {
      source @16 :UInt8;
      attributes @17 :List(Item);
    }
    attributeChange :group {
      source @18 :UInt8;
      changes @19 :List(AttributeChange);
    }
    securityAlarm :group {
      cause @20 :UInt8;
      severity @21 :UInt8;
    }
    miscellaneous @22 :Void;
  }
}

interface Notifications {
  send @0 (notification :Notification) -> (status :Status, id :UInt64);
  read @1 (after :UInt64, most :UInt32) -> (notifications :List(Notification), more :Bool);
  # Those that are kept, older ones first, from the first with a greater id; `more` says that the answer is not all.
  alarms @2 () -> (notifications :List(Notification));
  # Those that are raised and not cleared, older ones first.
  subscribe @3 (types :UInt32, subscriber :Subscriber) -> (status :Status, subscription :Subscription);
  # types: a bit for each type, 1 << (type >> 12); 0 is all.
}

interface Subscription {
  # Dropping it ends the subscription.
}

interface Subscriber {
  tell @0 (notifications :List(Notification), lost :UInt64) -> ();
  # In the order of their ids. One call at a time; while it is unanswered a bounded number waits, and `lost` says how many
  # were left out before these. One that does not answer for a minute is given up.
}
