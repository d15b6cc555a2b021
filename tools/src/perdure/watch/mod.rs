//! `perdure status --watch`: the cluster as it is, for as long as somebody looks.
//!
//! On a terminal it is a screen; elsewhere, and with `--json`, each change is printed.

mod feed;
mod screen;

use std::io::IsTerminal as _;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::failure::Failure;
use super::place::Place;
use super::status;
use feed::Look;

/// So many keys wait at most.
const KEYS_MOST: usize = 64;

/// Runs until somebody leaves.
pub(super) async fn run(place: &Place, json: bool) -> Result<(), Failure> {
    let (sender, looks) = mpsc::channel(1);
    tokio::task::spawn_local(feed::run(place.clone(), sender));
    if json || !std::io::stdout().is_terminal() {
        print_all(looks, json).await;
        return Ok(());
    }
    // From here on a panic puts the terminal back too.
    let mut terminal = ratatui::try_init().map_err(|error| Failure::failed("use the terminal", &error))?;
    let shown = show(&mut terminal, looks).await;
    let restored = ratatui::try_restore();
    shown
        .and(restored)
        .map_err(|error| Failure::failed("use the terminal", &error))
}

/// Prints each look that differs from the one before.
async fn print_all(mut looks: mpsc::Receiver<Look>, json: bool) {
    let mut shown = None;
    while let Some(look) = looks.recv().await {
        let now = match &look.status {
            Ok(status) => status::render(status, json),
            Err(failure) => failure.to_string(),
        };
        if shown.as_ref() != Some(&now) {
            status::show(&now);
            shown = Some(now);
        }
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Leave,
    Up,
    Down,
    Nothing,
}

fn wish(key: KeyEvent) -> Wish {
    if key.kind == KeyEventKind::Release {
        return Wish::Nothing;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Wish::Leave,
        KeyCode::Char('q') | KeyCode::Esc => Wish::Leave,
        KeyCode::Up | KeyCode::Char('k') => Wish::Up,
        KeyCode::Down | KeyCode::Char('j') => Wish::Down,
        _ => Wish::Nothing,
    }
}

/// Reads keys and changes of the size in a thread of its own, which ends with the program.
fn read_keys() -> std::io::Result<mpsc::Receiver<Event>> {
    let (sender, keys) = mpsc::channel(KEYS_MOST);
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || {
            while let Ok(event) = event::read() {
                if sender.blocking_send(event).is_err() {
                    return;
                }
            }
        })?;
    Ok(keys)
}

/// Shows looks until somebody leaves, by a key, a signal, or because the terminal is gone.
async fn show(
    terminal: &mut ratatui::DefaultTerminal,
    mut looks: mpsc::Receiver<Look>,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut keys = read_keys()?;
    let mut look: Option<Look> = None;
    let mut skip = 0_usize;
    loop {
        if let Some(look) = &look {
            terminal.draw(|frame| screen::draw(frame, look, skip))?;
        }
        tokio::select! {
            Some(new) = looks.recv() => look = Some(new),
            key = keys.recv() => match key {
                Some(Event::Key(key)) => match wish(key) {
                    Wish::Leave => return Ok(()),
                    Wish::Up => skip = skip.saturating_sub(1),
                    Wish::Down => skip = (skip + 1).min(longest(look.as_ref())),
                    Wish::Nothing => {}
                },
                // The next drawing finds the new size.
                Some(_) => {}
                None => return Ok(()),
            },
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => return Ok(()),
        }
    }
}

/// The last row of the longer table.
fn longest(look: Option<&Look>) -> usize {
    let rows = look.and_then(|look| look.status.as_ref().ok());
    rows.map_or(0, |status| {
        status.sus.len().max(status.sis.len()).saturating_sub(1)
    })
}
