//! Sequences of calls that are the same in each run; `tests/capi/fuzz` has no end of them.

#[path = "../fuzz/calls.rs"]
mod calls;
#[path = "../fuzz/service.rs"]
mod service;

#[test]
fn sequences_of_calls_give_codes_of_the_standard() {
    let _dir = service::start();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..400 {
        let bytes: Vec<u8> = (0..400)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[3]
            })
            .collect();
        calls::run(&bytes);
    }
}
