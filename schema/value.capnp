@0xd1f0a7c2b5e84901;
# Values, attributes, objects and answers that every interface uses.
# Numbers in enumerations are the ones that SA Forum's C headers give them.

struct Status {
  # The answer to a request.
  code @0 :UInt32;
  # A SaAisErrorT; 1 is SA_AIS_OK.
  texts @1 :List(Text);
  # For people: what was refused and why, the most important first.
}

struct Value {
  union {
    int32 @0 :Int32;
    uint32 @1 :UInt32;
    int64 @2 :Int64;
    uint64 @3 :UInt64;
    time @4 :Int64;
    # Nanoseconds.
    name @5 :Text;
    float @6 :Float32;
    double @7 :Float64;
    string @8 :Text;
    any @9 :Data;
  }
}

struct Attr {
  name @0 :Text;
  type @1 :UInt8;
  # A SaImmValueTypeT, also where there are no values.
  values @2 :List(Value);
}

struct Object {
  dn @0 :Text;
  attrs @1 :List(Attr);
  # In descending byte order of their names.
}

struct Parameter {
  name @0 :Text;
  value @1 :Value;
}
