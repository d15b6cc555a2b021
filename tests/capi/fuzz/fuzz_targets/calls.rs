#![no_main]

#[path = "../calls.rs"]
mod calls;
#[path = "../service.rs"]
mod service;

libfuzzer_sys::fuzz_target!(init: std::mem::forget(service::start()), |bytes: &[u8]| calls::run(bytes));
