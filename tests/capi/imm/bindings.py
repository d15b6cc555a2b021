"""Drives the libraries as Python bindings do: by their sonames, through ctypes."""

import ctypes as c
import threading

om = c.CDLL("libSaImmOm.so.0")
oi = c.CDLL("libSaImmOi.so.0")
OK, NOT_EXIST, FAILED = 1, 12, 21
ONE_SECOND = 10**9


class Version(c.Structure):
    _fields_ = [("release", c.c_uint8), ("major", c.c_uint8), ("minor", c.c_uint8)]


class Name(c.Structure):
    _fields_ = [("length", c.c_uint16), ("value", c.c_char * 256)]

    @staticmethod
    def of(text):
        return Name(len(text), text)


class Attr(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_int), ("number", c.c_uint32), ("values", c.POINTER(c.c_void_p))]


class Definition(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_int), ("flags", c.c_uint64), ("default", c.c_void_p)]


class Change(c.Structure):
    _fields_ = [("kind", c.c_int), ("attr", Attr)]


class Param(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_int), ("buffer", c.c_void_p)]


Handle = c.c_uint64
CreateT = c.CFUNCTYPE(c.c_int, Handle, Handle, c.c_char_p, c.POINTER(Name), c.POINTER(c.POINTER(Attr)))
DeleteT = c.CFUNCTYPE(c.c_int, Handle, Handle, c.POINTER(Name))
ModifyT = c.CFUNCTYPE(c.c_int, Handle, Handle, c.POINTER(Name), c.POINTER(c.POINTER(Change)))
CompletedT = c.CFUNCTYPE(c.c_int, Handle, Handle)
ApplyT = c.CFUNCTYPE(None, Handle, Handle)
OperationT = c.CFUNCTYPE(None, Handle, c.c_uint64, c.POINTER(Name), c.c_uint64, c.POINTER(c.POINTER(Param)))
UpdateT = c.CFUNCTYPE(c.c_int, Handle, c.POINTER(Name), c.POINTER(c.c_char_p))


class Callbacks(c.Structure):
    _fields_ = [
        ("operation", OperationT),
        ("abort", ApplyT),
        ("apply", ApplyT),
        ("completed", CompletedT),
        ("create", CreateT),
        ("delete", DeleteT),
        ("modify", ModifyT),
        ("update", UpdateT),
    ]


def ok(code, wanted=OK):
    assert code == wanted, f"{code}, not {wanted}"


def listed(kind, entries):
    array = (c.POINTER(kind) * (len(entries) + 1))()
    for at, entry in enumerate(entries):
        array[at] = c.pointer(entry)
    return array


def attr(name, kind, value):
    """An attribute with one value; it keeps alive what it points to."""
    values = (c.c_void_p * 1)(c.addressof(value))
    made = Attr(name, kind, 1, values)
    made.kept = (value, values)
    return made


INT, NAME, TEXT = 2, 6, 9
CONFIG, WRITABLE, RDN = 0x100, 0x200, 0x2
version = lambda: c.byref(Version(ord("A"), 2, 18))

handle, owner, ccb, implementer = Handle(), Handle(), Handle(), Handle()
ok(om.saImmOmInitialize(c.byref(handle), None, version()))
ok(
    om.saImmOmClassCreate_2(
        handle,
        b"PyItem",
        1,
        listed(Definition, [Definition(b"py", TEXT, CONFIG | RDN, None), Definition(b"weight", INT, CONFIG | WRITABLE, None)]),
    )
)
ok(om.saImmOmAdminOwnerInitialize(handle, b"python", 1, c.byref(owner)))
ok(om.saImmOmCcbInitialize(owner, c.c_uint64(0), c.byref(ccb)))

seen = []


def on_create(_handle, _ccb, kind, parent, attributes):
    first = attributes[0].contents
    rdn = c.cast(first.values[0], c.POINTER(c.c_char_p))[0]
    seen.append(("create", kind, parent.contents.length, first.name, rdn))
    return OK


def on_modify(oi_handle, ccb_id, name, changes):
    weight = c.cast(changes[0].contents.attr.values[0], c.POINTER(c.c_uint32))[0]
    seen.append(("modify", name.contents.value, weight))
    if weight > 100:
        ok(oi.saImmOiCcbSetErrorString(Handle(oi_handle), Handle(ccb_id), b"too heavy"))
        return 20
    return OK


def on_operation(oi_handle, invocation, _name, operation, params):
    text = c.cast(params[0].contents.buffer, c.POINTER(c.c_char_p))[0]
    seen.append(("operation", operation, text))
    ok(oi.saImmOiAdminOperationResult(Handle(oi_handle), c.c_uint64(invocation), OK))


heard = []
applied = threading.Event()


def on_applier(moment):
    def note(*_):
        heard.append(moment)
        if moment == "apply":
            applied.set()
        return OK

    return note


callbacks = Callbacks(
    OperationT(on_operation),
    ApplyT(lambda *_: seen.append("abort")),
    ApplyT(lambda *_: seen.append("apply")),
    CompletedT(lambda *_: OK),
    CreateT(on_create),
    DeleteT(lambda *_: OK),
    ModifyT(on_modify),
    UpdateT(lambda *_: OK),
)
ok(oi.saImmOiInitialize_2(c.byref(implementer), c.byref(callbacks), version()))
ok(oi.saImmOiImplementerSet(implementer, b"python"))
ok(oi.saImmOiClassImplementerSet(implementer, b"PyItem"))
dispatched = threading.Thread(target=lambda: ok(oi.saImmOiDispatch(implementer, 3)))
dispatched.start()

# An applier, which is told and not asked.
applier = Handle()
watching = Callbacks(
    OperationT(lambda *_: None),
    ApplyT(on_applier("abort")),
    ApplyT(on_applier("apply")),
    CompletedT(on_applier("completed")),
    CreateT(on_applier("create")),
    DeleteT(on_applier("delete")),
    ModifyT(on_applier("modify")),
    UpdateT(lambda *_: OK),
)
ok(oi.saImmOiInitialize_2(c.byref(applier), c.byref(watching), version()))
ok(oi.saImmOiImplementerSet(applier, b"@python"))
ok(oi.saImmOiClassImplementerSet(applier, b"PyItem"))
watched = threading.Thread(target=lambda: ok(oi.saImmOiDispatch(applier, 3)))
watched.start()

weight, rdn = c.c_uint32(7), c.c_char_p(b"py=1")
ok(om.saImmOmCcbObjectCreate_2(ccb, b"PyItem", None, listed(Attr, [attr(b"py", TEXT, rdn), attr(b"weight", INT, weight)])))
ok(om.saImmOmCcbApply(ccb))
assert seen[0] == ("create", b"PyItem", 0, b"py", b"py=1"), seen
assert applied.wait(30), heard
assert heard == ["create", "completed", "apply"], heard

name = Name.of(b"py=1")
heavy = c.c_uint32(1000)
change = Change(3, attr(b"weight", INT, heavy))
ok(om.saImmOmCcbObjectModify_2(ccb, c.byref(name), listed(Change, [change])), FAILED)
strings = c.POINTER(c.c_char_p)()
ok(om.saImmOmCcbGetErrorStrings(ccb, c.byref(strings)))
said = []
while strings[len(said)] is not None:
    said.append(strings[len(said)])
assert any(b"too heavy" in text for text in said), said
ok(om.saImmOmCcbAbort(ccb))

search, found, attributes = Handle(), Name(), c.POINTER(c.POINTER(Attr))()
param = Attr()  # room for a filter: name, type, value
param.name, param.type = b"SaImmAttrClassName", TEXT
wanted = c.c_char_p(b"PyItem")
param.values = c.cast(c.pointer(wanted), c.POINTER(c.c_void_p))
names = (c.c_char_p * 2)(b"weight", None)
ok(
    om.saImmOmSearchInitialize_2(
        handle, None, 3, c.c_uint64(0x401), c.byref(param), names, c.byref(search)
    )
)
ok(om.saImmOmSearchNext_2(search, c.byref(found), c.byref(attributes)))
assert found.value[: found.length] == b"py=1"
assert c.cast(attributes[0].contents.values[0], c.POINTER(c.c_uint32))[0] == 7
ok(om.saImmOmSearchNext_2(search, c.byref(found), c.byref(attributes)), NOT_EXIST)
ok(om.saImmOmSearchFinalize(search))

returned, text = c.c_int(0), c.c_char_p(b"hello")
parameter = Param(b"text", TEXT, c.addressof(text))
ok(
    om.saImmOmAdminOperationInvoke_2(
        owner, c.byref(name), c.c_uint64(0), c.c_uint64(42), listed(Param, [parameter]), c.byref(returned), c.c_int64(10 * ONE_SECOND)
    )
)
ok(returned.value)
assert ("operation", 42, b"hello") in seen
ok(oi.saImmOiFinalize(applier))
watched.join()
ok(oi.saImmOiFinalize(implementer))
dispatched.join()
ok(om.saImmOmFinalize(handle))
