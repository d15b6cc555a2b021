//! Any sequence of calls of the three libraries, read from bytes: handles of the wrong kind, finalised and never issued; NULL,
//! wrong and impossible arguments; callbacks that call back and that finalise their own handle; two threads that dispatch.
//! Whatever is called gives a code of the standard.
#![allow(unsafe_code, reason = "this is a program in C, written in Rust")]

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use SaAmf::{abi as amf, types as amf_types};
use immd_agent::{OiCallbacks, SaImmAttrValuesT_2, SaNameT, SaVersionT, oi, om};

/// The input, byte by byte; zeros behind its end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }
}

const KEPT: usize = 16;
const TEXTS: [&CStr; 8] = [
    c"SaImmMngt",
    c"safApp=safImmService",
    c"opensafImm=opensafImm,safApp=safImmService",
    c"item=none",
    c"",
    c"no dn",
    c"\xff\xfe",
    c"@applier",
];

/// What the next callback does besides its answer: 1 finalises its handle, 2 reads, 3 dispatches again.
static MISCHIEF: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn on_operation(
    handle: u64,
    invocation: u64,
    _object: *const SaNameT,
    _operation: u64,
    parameters: *mut *mut immd_agent::SaImmAdminOperationParamsT_2,
) {
    match MISCHIEF.load(Ordering::Relaxed) {
        1 => check(oi::finalize(handle)),
        2 => check(oi::implementer_clear(handle)),
        3 => check(oi::dispatch(handle, 2)),
        _ => {}
    }
    // SAFETY: the parameters are the library's own.
    check(unsafe { oi::admin_operation_result_o2(handle, invocation, 1, parameters.cast()) });
}

static CALLBACKS: OiCallbacks<SaNameT> = OiCallbacks {
    admin_operation: Some(on_operation),
    ccb_abort: None,
    ccb_apply: None,
    ccb_completed: None,
    ccb_object_create: None,
    ccb_object_delete: None,
    ccb_object_modify: None,
    rt_attr_update: None,
};

/// Every answer is a code of the standard.
fn check(code: u32) {
    assert!(code == 1 || ais::AisError::from_code(code).is_some(), "{code}");
}

/// What one run has.
struct Program<'a> {
    input: Input<'a>,
    handles: [u64; KEPT],
    name: SaNameT,
    lists: [*const c_char; 3],
    names: [*const SaNameT; 2],
}

impl Program<'_> {
    fn handle(&mut self) -> u64 {
        let kept = self.handles[usize::from(self.input.below(16))];
        match self.input.below(12) {
            0 => 0,
            1 => kept ^ (1 << self.input.below(64)),
            _ => kept,
        }
    }

    /// A place for a new handle; `None` is NULL.
    fn room(&mut self) -> *mut u64 {
        match self.input.below(16) {
            0 => null_mut(),
            _ => &raw mut self.handles[usize::from(self.input.below(16))],
        }
    }

    fn text(&mut self) -> *const c_char {
        match self.input.below(9) {
            8 => null(),
            which => TEXTS[usize::from(which)].as_ptr(),
        }
    }

    /// A name, also one whose length cannot be or that has no end.
    fn name(&mut self) -> *const SaNameT {
        let text = match self.input.below(10) {
            9 => return null(),
            8 => &[b'x'; 255][..],
            which => TEXTS[usize::from(which)].to_bytes(),
        };
        self.name.value = [0; 256];
        self.name.value[..text.len()].copy_from_slice(text);
        self.name.length = match self.input.below(8) {
            0 => 256,
            1 => 300,
            2 => u16::MAX,
            _ => u16::try_from(text.len()).unwrap_or_default(),
        };
        &raw const self.name
    }

    fn list(&mut self) -> *const *const c_char {
        if self.input.below(6) == 0 {
            return null();
        }
        let (first, second) = (self.text(), self.text());
        self.lists = [first, second, null()];
        self.lists.as_ptr()
    }

    fn objects(&mut self) -> *const *const SaNameT {
        if self.input.below(6) == 0 {
            return null();
        }
        self.names = [self.name(), null()];
        self.names.as_ptr()
    }

    fn version(&mut self, release: u8, major: u8) -> SaVersionT {
        let odd = self.input.below(10);
        SaVersionT {
            release_code: if odd == 0 { b'Z' } else { release },
            major_version: if odd == 1 { 9 } else { major },
            minor_version: self.input.below(20),
        }
    }

    /// One call of libSaImmOm.
    fn manage(&mut self) -> u32 {
        let mut attributes: *mut *mut SaImmAttrValuesT_2 = null_mut();
        let mut number = 0;
        let mut found = null_mut();
        let handle = self.handle();
        let (scope, options) = (u32::from(self.input.below(5)), u64::from(self.input.byte()) << 4);
        let mut version = self.version(b'A', 2);
        // SAFETY: pointers are NULL or lead to what the functions want.
        unsafe {
            match self.input.below(22) {
                0 => om::initialize(self.room(), null(), &raw mut version),
                1 => om::initialize_o2(self.room(), null(), &raw mut version),
                2 => om::selection_object_get(handle, &raw mut number),
                3 => om::dispatch(handle, u32::from(self.input.below(3))),
                4 => om::finalize(handle),
                5 => om::class_delete(handle, self.text()),
                6 => om::search_initialize_2(
                    handle,
                    self.name(),
                    scope,
                    options,
                    null(),
                    self.list(),
                    self.room(),
                ),
                7 => om::search_initialize_o3(
                    handle,
                    self.text(),
                    scope,
                    options,
                    null(),
                    self.list(),
                    self.room(),
                ),
                8 => om::search_next_o3(handle, &raw mut found, &raw mut attributes),
                9 => om::search_finalize(handle),
                10 => om::accessor_initialize(handle, self.room()),
                11 => om::accessor_get_2(handle, self.name(), self.list(), &raw mut attributes),
                12 => om::accessor_get_o3(handle, self.text(), self.list(), null_mut()),
                13 => om::accessor_finalize(handle),
                14 => om::admin_owner_initialize(handle, self.text(), scope, self.room()),
                15 => om::admin_owner_set(handle, self.objects(), scope),
                16 => om::admin_owner_release_o3(handle, self.list(), scope),
                17 => om::admin_owner_finalize(handle),
                18 => om::ccb_initialize(handle, options, self.room()),
                19 => om::ccb_object_delete(handle, self.name()),
                20 => om::ccb_apply(handle),
                _ => om::ccb_finalize(handle),
            }
        }
    }

    /// One call of libSaImmOi.
    fn implement(&mut self) -> u32 {
        let mut number = 0;
        let handle = self.handle();
        let scope = u32::from(self.input.below(5));
        let mut version = self.version(b'A', 2);
        // SAFETY: as above.
        unsafe {
            match self.input.below(14) {
                0 | 1 => oi::initialize_2(self.room(), &raw const CALLBACKS, &raw mut version),
                2 => oi::initialize_o3(self.room(), null(), &raw mut version),
                3 => oi::selection_object_get(handle, &raw mut number),
                4 => {
                    MISCHIEF.store(u32::from(self.input.below(4)), Ordering::Relaxed);
                    oi::dispatch(handle, u32::from(self.input.below(3)))
                }
                5 => {
                    // Two threads at once.
                    let other = std::thread::spawn(move || oi::dispatch(handle, 2));
                    let code = oi::dispatch(handle, 2);
                    check(other.join().unwrap_or(0));
                    code
                }
                6 => oi::finalize(handle),
                7 => oi::implementer_set(handle, self.text()),
                8 => oi::implementer_clear(handle),
                9 => oi::class_implementer_set(handle, self.text()),
                10 => oi::class_implementer_release(handle, self.text()),
                11 => oi::object_implementer_set(handle, self.name(), scope),
                12 => oi::rt_object_delete(handle, self.name()),
                _ => oi::admin_operation_result(handle, options_of(handle), scope),
            }
        }
    }

    /// One call of libSaAmf.
    fn serve(&mut self) -> u32 {
        let mut number = 0;
        let handle = self.handle();
        let small = u32::from(self.input.below(12));
        let mut version = self.version(b'B', 4);
        let mut name = self.name;
        let no_callbacks: *const amf_types::SaAmfCallbacksT_4 = null();
        // SAFETY: as above.
        unsafe {
            match self.input.below(15) {
                0 | 1 => amf::saAmfInitialize_4(self.room(), no_callbacks, &raw mut version),
                2 => amf::saAmfInitialize(self.room(), null(), &raw mut version),
                3 => amf::saAmfSelectionObjectGet(handle, &raw mut number),
                4 => amf::saAmfDispatch(handle, small % 3),
                5 => amf::saAmfFinalize(handle),
                6 => amf::saAmfComponentRegister(handle, self.name(), null()),
                7 => amf::saAmfComponentNameGet(handle, &raw mut name),
                8 => amf::saAmfPmStop(handle, self.name(), small, 1, small),
                9 => amf::saAmfHealthcheckStart(handle, self.name(), null(), small, small),
                10 => amf::saAmfHAStateGet(handle, self.name(), self.name(), null_mut()),
                11 => amf::saAmfCSIQuiescingComplete(handle, u64::from(small), small),
                12 => amf::saAmfProtectionGroupTrackStop(handle, self.name()),
                13 => amf::saAmfComponentErrorClear_4(handle, self.name(), null_mut()),
                _ => amf::saAmfResponse(handle, u64::from(small), small),
            }
        }
    }
}

const fn options_of(handle: u64) -> u64 {
    handle & 0xff
}

/// Makes the calls that the bytes stand for.
///
/// # Panics
/// Where an answer is no code of the standard.
pub fn run(bytes: &[u8]) {
    let mut program = Program {
        input: Input(bytes),
        handles: [0; KEPT],
        name: SaNameT {
            length: 0,
            value: [0; 256],
        },
        lists: [null(); 3],
        names: [null(); 2],
    };
    let mut minimum = SaVersionT {
        release_code: b'A',
        major_version: 2,
        minor_version: 18,
    };
    // Something to work on.
    // SAFETY: a place for a handle and a version.
    check(unsafe { om::initialize(&raw mut program.handles[0], null(), &raw mut minimum) });
    while !program.input.0.is_empty() {
        let code = match program.input.below(3) {
            0 => program.manage(),
            1 => program.implement(),
            _ => program.serve(),
        };
        check(code);
    }
    for handle in program.handles {
        check(om::finalize(handle));
        check(oi::finalize(handle));
        check(amf::saAmfFinalize(handle));
    }
}
