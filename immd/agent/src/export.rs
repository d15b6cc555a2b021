//! How a library exports functions under the standard's names.

/// Exports functions with OpenSAF's symbol version: `name = function, (arguments);`.
#[macro_export]
macro_rules! export {
    ($($name:ident = $function:path, ($($argument:ident: $kind:ty),*);)*) => {$(
        #[cfg(symbol_versions)]
        core::arch::global_asm!(concat!(
            ".symver ", stringify!($name), ", ", stringify!($name), "@@@OPENSAF_IMM_A.02.01"
        ));
        #[doc = concat!("`", stringify!($name), "`")]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $kind),*) -> $crate::SaAisErrorT {
            $crate::traced(stringify!($name), || {
                // SAFETY: the promise is the program's, and the same.
                #[allow(unused_unsafe, reason = "some need no promise")]
                unsafe { $function($($argument),*) }
            })
        }
    )*};
}

/// Exports functions of which libSaImmOi does the work for handles that augment a CCB.
#[macro_export]
macro_rules! export_for_both {
    ($($name:ident = $function:ident, ($handle:ident: u64 $(, $argument:ident: $kind:ty)*);)*) => {$(
        #[cfg(symbol_versions)]
        core::arch::global_asm!(concat!(
            ".symver ", stringify!($name), ", ", stringify!($name), "@@@OPENSAF_IMM_A.02.01"
        ));
        #[doc = concat!("`", stringify!($name), "`")]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($handle: u64 $(, $argument: $kind)*) -> $crate::SaAisErrorT {
            $crate::traced(stringify!($name), || {
                // SAFETY: the promise is the program's, and the same.
                #[allow(unused_unsafe, reason = "some need no promise")]
                unsafe {
                    match $crate::augmented_calls($handle) {
                        Some(calls) => (calls.$function)($handle $(, $argument)*),
                        None => $crate::om::$function($handle $(, $argument)*),
                    }
                }
            })
        }
    )*};
}

/// Exports `saAisNameLend` and `saAisNameBorrow`.
#[macro_export]
macro_rules! export_names {
    () => {
        #[cfg(symbol_versions)]
        core::arch::global_asm!(
            ".symver saAisNameLend, saAisNameLend@@@OPENSAF_IMM_A.02.01",
            ".symver saAisNameBorrow, saAisNameBorrow@@@OPENSAF_IMM_A.02.01",
        );
        /// `saAisNameLend`
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn saAisNameLend(value: *const core::ffi::c_char, name: *mut $crate::SaNameT) {
            // SAFETY: the promise is the program's, and the same.
            unsafe { cabi::lend_name(value, name) }
        }
        /// `saAisNameBorrow`
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn saAisNameBorrow(name: *const $crate::SaNameT) -> *const core::ffi::c_char {
            // SAFETY: the promise is the program's, and the same.
            unsafe { cabi::borrow_name(name) }
        }
    };
}
