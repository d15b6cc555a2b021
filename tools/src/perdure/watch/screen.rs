//! What the screen shows: the cluster in one look, what needs care first to the eye.

use std::collections::BTreeMap;

use ais::ntf::{Detail, Recorded, Severity};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Row, Table};

use super::feed::Look;
use crate::perdure::record::State;
use crate::perdure::status::{Node, Si, Status, Su};

/// Alarms that are shown at most.
const ALARMS_MOST: usize = 5;
/// Words that mean that all is well.
const GOOD: [&str; 7] = [
    "up",
    "UNLOCKED",
    "ENABLED",
    "INSTANTIATED",
    "IN-SERVICE",
    "FULLY_ASSIGNED",
    "-",
];
/// Words that mean that something failed.
const BAD: [&str; 6] = [
    "down",
    "DISABLED",
    "INSTANTIATION-FAILED",
    "TERMINATION-FAILED",
    "OUT-OF-SERVICE",
    "UNASSIGNED",
];

/// Draws a look; `skip` rows of the long tables are above the screen.
pub(super) fn draw(frame: &mut Frame<'_>, look: &Look, skip: usize) {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
    let alarms = look.alarms.len().min(ALARMS_MOST);
    let (nodes, sus, sis) = match &look.status {
        Ok(status) => (status.nodes.len(), status.sus.len(), status.sis.len()),
        Err(_) => (0, 0, 0),
    };
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows(nodes).min(8)),
        Constraint::Max(rows(sus)),
        Constraint::Max(rows(sis)),
        Constraint::Length(rows(alarms.max(1))),
        Constraint::Min(2),
        Constraint::Length(1),
    ])
    .split(frame.area());
    match &look.status {
        Ok(status) => {
            header(frame, areas[0], status, look.live);
            nodes_table(frame, areas[1], &status.nodes);
            sus_table(frame, areas[2], status, skip);
            sis_table(frame, areas[3], &status.sis, skip);
        }
        Err(failure) => frame.render_widget(Paragraph::new(failure.to_string()), areas[0]),
    }
    alarms_list(frame, areas[4], &look.alarms);
    events_list(frame, areas[5], &look.events);
    let keys = "q leave   up/down, j/k scroll   perdure explain DN says why";
    frame.render_widget(
        Paragraph::new(keys).style(Style::new().add_modifier(Modifier::DIM)),
        areas[6],
    );
}

fn header(frame: &mut Frame<'_>, area: Rect, status: &Status, live: bool) {
    let daemons = status
        .daemons
        .iter()
        .filter(|daemon| daemon.state != State::Running);
    let missing: Vec<&str> = daemons.map(|daemon| daemon.name.as_str()).collect();
    let mut parts = vec![Span::raw(format!("cluster in {}", status.dir))];
    if !live {
        parts.push(Span::styled("  the director is not connected", bad()));
    }
    if let Some(why) = &status.model_unreadable {
        parts.push(Span::styled(format!("  {why}"), bad()));
    }
    if !missing.is_empty() {
        parts.push(Span::styled(
            format!("  not running: {}", missing.join(" ")),
            bad(),
        ));
    }
    frame.render_widget(Paragraph::new(Line::from(parts)), area);
}

fn bad() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
}

/// A word of a state in its colour.
fn word(text: &str) -> Span<'static> {
    let style = if BAD.contains(&text) {
        bad()
    } else if GOOD.contains(&text) {
        Style::new()
    } else {
        Style::new().fg(Color::Yellow)
    };
    Span::styled(text.to_owned(), style)
}

fn table<'a, const N: usize>(
    names: [&'static str; N],
    widths: [Constraint; N],
    rows: impl Iterator<Item = Vec<Span<'static>>>,
) -> Table<'a> {
    let head = Row::new(names).style(Style::new().add_modifier(Modifier::REVERSED));
    Table::new(rows.map(Row::new), widths).header(head)
}

fn nodes_table(frame: &mut Frame<'_>, area: Rect, nodes: &[Node]) {
    let rows = nodes.iter().map(|node| {
        let up = if node.up { "up" } else { "down" };
        vec![
            Span::raw(node.dn.clone()),
            word(up),
            word(&node.admin),
            word(&node.oper),
            Span::raw(node.because.join("; ")),
        ]
    });
    let widths = [
        Constraint::Fill(2),
        Constraint::Length(6),
        Constraint::Length(20),
        Constraint::Length(8),
        Constraint::Fill(3),
    ];
    frame.render_widget(table(["NODE", "", "ADMIN", "OPER", ""], widths, rows), area);
}

/// How many SIs each SU is active and standby for, and is leaving.
fn held(sis: &[Si]) -> BTreeMap<&str, [usize; 3]> {
    let mut held: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for si in sis {
        for (kind, sus) in [&si.active, &si.standby, &si.leaving].into_iter().enumerate() {
            for su in sus {
                held.entry(su).or_default()[kind] += 1;
            }
        }
    }
    held
}

fn ha(counts: Option<&[usize; 3]>) -> String {
    let Some(counts) = counts else {
        return "-".to_owned();
    };
    let words = ["ACTIVE", "STANDBY", "leaving"];
    let told = words.iter().zip(counts).filter(|(_, count)| **count > 0);
    told.map(|(word, count)| format!("{word} {count}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn sus_table(frame: &mut Frame<'_>, area: Rect, status: &Status, skip: usize) {
    let held = held(&status.sis);
    let rows = status.sus.iter().skip(skip).map(|su: &Su| {
        vec![
            Span::raw(su.dn.clone()),
            Span::raw(su.node.clone()),
            Span::raw(ha(held.get(su.dn.as_str()))),
            word(&su.readiness),
            word(&su.presence),
            word(&su.oper),
            word(&su.admin),
        ]
    });
    let widths = [
        Constraint::Fill(2),
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Length(14),
        Constraint::Length(20),
        Constraint::Length(8),
        Constraint::Length(20),
    ];
    let names = ["SU", "NODE", "HA", "READINESS", "PRESENCE", "OPER", "ADMIN"];
    frame.render_widget(table(names, widths, rows), area);
}

fn sis_table(frame: &mut Frame<'_>, area: Rect, sis: &[Si], skip: usize) {
    let rows = sis.iter().skip(skip).map(|si| {
        let mut active = si.active.join(" ");
        if !si.leaving.is_empty() {
            active = format!("{active} (leaving: {})", si.leaving.join(" "));
        }
        vec![
            Span::raw(si.dn.clone()),
            word(&si.assignment),
            Span::raw(active),
            Span::raw(si.standby.join(" ")),
            word(&si.admin),
        ]
    });
    let widths = [
        Constraint::Fill(2),
        Constraint::Length(20),
        Constraint::Fill(2),
        Constraint::Fill(2),
        Constraint::Length(20),
    ];
    let names = ["SI", "ASSIGNMENT", "ACTIVE", "STANDBY", "ADMIN"];
    frame.render_widget(table(names, widths, rows), area);
}

fn alarms_list(frame: &mut Frame<'_>, area: Rect, alarms: &[Recorded]) {
    let mut lines = vec![title(&format!("ALARMS {}", alarms.len()))];
    if alarms.is_empty() {
        lines.push(Line::raw("none"));
    }
    let newest = alarms.iter().rev().take(ALARMS_MOST);
    lines.extend(newest.map(event));
    frame.render_widget(Paragraph::new(lines), area);
}

fn events_list(frame: &mut Frame<'_>, area: Rect, events: &[Recorded]) {
    let room = usize::from(area.height.saturating_sub(1));
    let mut lines = vec![title("EVENTS, the newest first")];
    lines.extend(events.iter().rev().take(room).map(event));
    frame.render_widget(Paragraph::new(lines), area);
}

fn title(text: &str) -> Line<'static> {
    Line::styled(text.to_owned(), Style::new().add_modifier(Modifier::REVERSED))
}

fn event(recorded: &Recorded) -> Line<'static> {
    let style = match &recorded.notification.detail {
        Detail::Alarm { severity, .. } if *severity == Severity::Cleared => Style::new().fg(Color::Green),
        Detail::Alarm { .. } => bad(),
        _ => Style::new(),
    };
    let time = crate::moment::text(recorded.time);
    let told = &recorded.notification;
    let text = if told.text.is_empty() {
        format!("{time}  {} {}", told.detail.notification_type(), told.object)
    } else {
        format!("{time}  {}", told.text)
    };
    // One that was sent by others may hold what a terminal would obey.
    let shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Line::styled(shown, style)
}
