//! Somebody between a component and its node director who spoils the first answer to a callback.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use capnp::message::ReaderOptions;
use capnp::serialize;
use capnp_rpc::rpc_capnp::{message, return_};

/// What becomes of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tampering {
    /// It is sent twice.
    Twice,
    /// One to a question that was never asked follows.
    Unknown,
    /// Bytes without meaning are sent in its place.
    Rubbish,
    /// Half of it is sent, and nothing more; the socket stays open.
    Half,
    /// A message that says it is larger than memory is sent in its place.
    Huge,
}

/// Listens on `own` and passes everything on to `real` but for the first answer.
pub(crate) fn tamper(real: &Path, own: &Path, tampering: Tampering) {
    let listener = UnixListener::bind(own).unwrap();
    let real = UnixStream::connect(real).unwrap();
    std::thread::spawn(move || {
        let (program, _) = listener.accept().unwrap();
        let (mut from, mut to) = (real.try_clone().unwrap(), program.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ended = std::io::copy(&mut from, &mut to);
            let _gone = to.shutdown(Shutdown::Both);
        });
        forward(program, real, tampering);
    });
}

fn forward(mut program: UnixStream, mut real: UnixStream, tampering: Tampering) {
    let mut spoilt = false;
    while let Ok(mut bytes) = next_message(&mut program) {
        if is_answer(&bytes) && !spoilt {
            spoilt = true;
            bytes = spoil(bytes, tampering);
        }
        if real.write_all(&bytes).is_err() {
            return;
        }
        if spoilt && tampering == Tampering::Half {
            let mut rest = Vec::new();
            let _held_open = program.read_to_end(&mut rest);
            std::thread::sleep(Duration::from_secs(1000));
        }
    }
}

/// The bytes of one message: the number of segments less one, their sizes in words, padding, and the segments.
fn next_message(from: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    from.read_exact(&mut bytes)?;
    let number = |bytes: &[u8]| usize::try_from(u32::from_le_bytes(bytes.try_into().unwrap())).unwrap();
    let segments = number(&bytes) + 1;
    bytes.resize((4 * (segments + 1)).next_multiple_of(8), 0);
    from.read_exact(&mut bytes[4..])?;
    let words: usize = (1..=segments).map(|at| number(&bytes[4 * at..4 * at + 4])).sum();
    let head = bytes.len();
    bytes.resize(head + 8 * words, 0);
    from.read_exact(&mut bytes[head..])?;
    Ok(bytes)
}

fn is_answer(bytes: &[u8]) -> bool {
    let message = serialize::read_message(bytes, ReaderOptions::new()).unwrap();
    let root: message::Reader<'_> = message.get_root().unwrap();
    matches!(root.which(), Ok(message::Which::Return(_)))
}

fn spoil(bytes: Vec<u8>, tampering: Tampering) -> Vec<u8> {
    match tampering {
        Tampering::Twice => [bytes.clone(), bytes].concat(),
        Tampering::Unknown => {
            let mut other = capnp::message::Builder::new_default();
            let mut answer: return_::Builder<'_> = other.init_root::<message::Builder<'_>>().init_return();
            answer.set_answer_id(4_000_000);
            answer.set_canceled(());
            let mut more = bytes;
            serialize::write_message(&mut more, &other).unwrap();
            more
        }
        // The number of segments is read first.
        Tampering::Rubbish => (0..65_536u32)
            .map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .collect(),
        Tampering::Half => bytes[..bytes.len() / 2].to_vec(),
        Tampering::Huge => [0u32.to_le_bytes(), 0x1fff_ffff_u32.to_le_bytes()].concat(),
    }
}
