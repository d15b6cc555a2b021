@0xe3b6c9105f2a7d44;
# The information model service. `Imm` is the bootstrap capability of immd's socket; what a peer may do with it
# depends on the credentials of its process.
#
# Handles are capabilities: dropping an AdminOwner, Ccb, Search or Implementer, or losing the connection, finalises it.

using import "value.capnp".Status;
using import "value.capnp".Value;
using import "value.capnp".Attr;
using import "value.capnp".Object;
using import "value.capnp".Parameter;

struct AttrDef {
  name @0 :Text;
  type @1 :UInt8;
  flags @2 :UInt64;
  default @3 :List(Value);
  # None or one.
}

struct ClassDef {
  name @0 :Text;
  category @1 :UInt8;
  attrs @2 :List(AttrDef);
}

struct AttrModification {
  kind @0 :UInt8;
  # A SaImmAttrModificationTypeT.
  attr @1 :Attr;
}

struct Operation {
  # One operation of a CCB, or one change of runtime data by an implementer.
  dn @0 :Text;
  union {
    create :group {
      class @1 :Text;
      attrs @2 :List(Attr);
    }
    modify @3 :List(AttrModification);
    delete @4 :Void;
    # With the whole subtree.
  }
}

struct AttrChoice {
  # Which attributes a reader wants.
  union {
    all @0 :Void;
    none @1 :Void;
    config @2 :Void;
    # Configuration attributes only; asks no implementer.
    some @3 :List(Text);
    persistent @4 :Void;
    # What a dump holds: configuration and persistent runtime attributes.
  }
}

struct JournalEntry {
  number @0 :UInt64;
  # Grows with each entry. A long entry comes in parts, which have the same number.
  time @1 :Int64;
  # Nanoseconds since the epoch.
  author :union {
    ccb @2 :UInt64;
    # A CCB of the owner `name`.
    implementer @3 :Void;
    # `name`, of runtime data.
    client @4 :Void;
    # A change of classes.
  }
  name @5 :Text;
  uid @6 :UInt32;
  pid @7 :UInt32;
  changes @8 :List(JournalChange);
}

struct JournalChange {
  kind @0 :UInt8;
  # 1 created, 2 deleted, 3 changed; 4 class created or changed, 5 class deleted.
  name @1 :Text;
  class @2 :Text;
  attrs @3 :List(JournalAttr);
}

struct JournalAttr {
  name @0 :Text;
  before @1 :List(Value);
  after @2 :List(Value);
}

interface Imm {
  classCreate @0 (class :ClassDef) -> (status :Status);
  classDelete @1 (name :Text) -> (status :Status);
  classDescribe @2 (name :Text) -> (status :Status, class :ClassDef);
  # With the system attributes, attributes in descending byte order of their names.
  classNames @3 () -> (names :List(Text), status :Status);
  # In the order of creation.

  get @4 (dn :Text, attrs :AttrChoice) -> (status :Status, object :Object);
  search @5 (root :Text, scope :UInt8, filterName :Text, filterValue :List(Value), attrs :AttrChoice,
          dependentsOf :Text)
      -> (status :Status, search :Search);
  # An empty root is the whole tree; an empty filter name is no filter; no filter value asks for existence.
  # filterName SaImmAttrClassName uses the index by class. The result is a snapshot.
  # dependentsOf: only objects whose NO_DANGLING attributes name this one; excludes a filter.

  adminOwnerInitialize @6 (name :Text, releaseOnFinalize :Bool) -> (status :Status, owner :AdminOwner);
  adminOwnerClear @7 (objects :List(Text), scope :UInt8) -> (status :Status);
  implementerInitialize @8 (callbacks :ImplementerCallbacks, canonicalModify :Bool, callbackTimeoutMs :UInt64)
      -> (status :Status, implementer :Implementer);
  # canonicalModify: modifications arrive as REPLACE with the resulting values (A.02.17 behaviour).
  # callbackTimeoutMs: how long an answer to a callback may take; 0 is the service's own limit.
  ccbOutcome @9 (id :UInt64) -> (status :Status, committed :Bool);
  # What became of a CCB whose apply was not answered; NOT_EXIST where it is not known any more.
  info @10 () -> (pid :UInt32, epoch :UInt64, objects :UInt64, classes :UInt32, status :Status);
  journal @11 (since :Int64, object :Text, cursor :UInt64)
      -> (status :Status, entries :List(JournalEntry), cursor :UInt64);
  # What was committed after a time, the newest entry first, the parts of one in their order; with an object, what
  # concerns it. The cursor begins at 0; the answer's continues, and is 0 at the end. An answer may have no entry and a
  # cursor.
  past @12 (root :Text, scope :UInt8, at :Int64) -> (status :Status, search :Search);
  # The objects as they were at a time, with the attributes that survive a restart. NOT_EXIST where the journal does not
  # reach back so far.
}

interface Search {
  next @0 (max :UInt32) -> (status :Status, objects :List(Object), done :Bool);
  # At most `max` objects and about 1 MiB, in ascending byte order of their DNs. A search that nobody reads for ten
  # minutes is closed: BAD_HANDLE.
}

interface AdminOwner {
  set @0 (objects :List(Text), scope :UInt8) -> (status :Status);
  release @1 (objects :List(Text), scope :UInt8) -> (status :Status);
  ccbInitialize @2 (flags :UInt64) -> (status :Status, ccb :Ccb, id :UInt64);
  # flags: SaImmCcbFlagsT.
  adminOperation @3 (object :Text, operationId :UInt64, parameters :List(Parameter), timeoutMs :UInt64,
          continuationId :UInt64)
      -> (status :Status, result :UInt32, parameters :List(Parameter));
  # status is the call's, result the implementer's. timeoutMs 0: no limit. With a continuationId other than 0 the result
  # is kept until it is cleared, also where nobody waits for it any more.
  adminOperationContinue @4 (object :Text, continuationId :UInt64, timeoutMs :UInt64)
      -> (status :Status, result :UInt32, parameters :List(Parameter));
  # Waits for an operation that an owner of the same name began with this continuation.
  adminOperationContinuationClear @5 (object :Text, continuationId :UInt64) -> (status :Status);
}

interface Ccb {
  run @0 (operations :List(Operation), apply :Bool) -> (status :Status, accepted :UInt32, id :UInt64);
  # Adds the operations in their order and stops at the first one refused; `accepted` says how many were taken.
  # With `apply` and all accepted, applies the CCB as well: OK then means durable. `id` names the CCB for ccbOutcome.
  # A CCB that an implementer or the service aborted takes no more operations until it is aborted or its apply failed.
  validate @1 () -> (status :Status);
  apply @2 () -> (status :Status, id :UInt64);
  # After an apply, well or not, the handle is empty and can be used again; an apply of nothing since is refused.
  abort @3 () -> (status :Status);
  read @4 (dn :Text, attrs :AttrChoice) -> (status :Status, object :Object);
  # Sees the CCB's own changes and locks the object against others.
}

interface Implementer {
  set @0 (name :Text) -> (status :Status);
  clear @1 () -> (status :Status);
  classSet @2 (class :Text) -> (status :Status);
  classRelease @3 (class :Text) -> (status :Status);
  objectSet @4 (dn :Text, scope :UInt8) -> (status :Status);
  objectRelease @5 (dn :Text, scope :UInt8) -> (status :Status);
  update @6 (operations :List(Operation)) -> (status :Status, accepted :UInt32);
  # Runtime objects created, changed and deleted, and runtime attributes of configuration objects changed, in the order
  # given, up to the first one refused.
  augmentCcb @7 (ccb :UInt64) -> (status :Status, augmentation :Ccb, owner :AdminOwner);
  # Within a callback about the CCB: more operations for it. The augmentation must be applied before the callback is
  # answered; an unapplied one with operations aborts the CCB. The owner acquires and nothing else, for this CCB.
}

interface ImplementerCallbacks {
  ccbOperations @0 (ccb :UInt64, operations :List(Operation)) -> (status :Status);
  ccbCompleted @1 (ccb :UInt64) -> (status :Status);
  ccbApply @2 (ccb :UInt64) -> ();
  ccbAbort @3 (ccb :UInt64) -> ();
  adminOperation @4 (object :Text, operationId :UInt64, parameters :List(Parameter))
      -> (result :UInt32, parameters :List(Parameter));
  # Answered when the operation is finished, which may take long.
  rtAttrUpdate @5 (object :Text, names :List(Text)) -> (status :Status, attrs :List(Attr));
  # The values of runtime attributes that the repository does not hold.
}
