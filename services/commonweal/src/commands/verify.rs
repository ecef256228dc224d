//! `commonweal verify`: the books held against themselves.

use crate::settings::Loaded;
use crate::{AppError, cli, table};
use commonweal_journal::Journal;
use commonweal_ledger::verify::{Report, verify};
use commonweal_runtime::Exit;

pub(crate) fn run(settings: &cli::Settings) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let report = report(&loaded)?;
    print(&report);
    Ok(if report.is_sound() { Exit::Ok } else { Exit::CheckFailed })
}

/// Verifies, and says so in one line.
///
/// # Errors
/// [`AppError::Check`] with the first fault where anything is wrong.
pub(crate) fn check(loaded: &Loaded) -> Result<(), AppError> {
    let report = report(loaded)?;
    if let Some(fault) = report.faults.first() {
        return Err(AppError::Check(format!(
            "the books are not sound: {} at {}: {}",
            fault.invariant, fault.place, fault.finding
        )));
    }
    let events: u64 = report.datasets.iter().map(|dataset| dataset.live).sum();
    println!(
        "verified: {events} events stand in {} files; L1 conservation, L2 additivity and L3 immutability hold",
        report.files
    );
    Ok(())
}

fn report(loaded: &Loaded) -> Result<Report, AppError> {
    loaded.runtime()?.block_on(async {
        let journal = Journal::open(&loaded.config.journal_dir()).await?;
        Ok(verify(&journal).await?)
    })
}

fn print(report: &Report) {
    print_receipts(report);
    print_books(report);
    print_findings(report);
}

fn print_receipts(report: &Report) {
    let mut partitions = table::new(&[
        "topic",
        "partition",
        "offsets",
        "posted",
        "duplicate",
        "superseded",
        "rejected",
        "absent",
        "lost",
        "next offset",
        "under way",
    ]);
    for totals in &report.partitions {
        partitions.add_row([
            totals.topic.clone(),
            totals.partition.to_string(),
            totals.offsets.to_string(),
            totals.posted.to_string(),
            totals.duplicate.to_string(),
            totals.superseded.to_string(),
            totals.rejected.to_string(),
            totals.absent.to_string(),
            totals.lost.to_string(),
            totals.next_offset.to_string(),
            totals.under_way.to_string(),
        ]);
    }
    table::align_numbers(&mut partitions, 1..usize::MAX);
    println!("receipts, commit {}\n{partitions}", report.commit);
}

fn print_books(report: &Report) {
    let mut datasets =
        table::new(&["dataset", "entries", "reclassified", "reversals", "notes", "live", "cancelled", "conflicting"]);
    for totals in &report.datasets {
        datasets.add_row([
            totals.dataset.to_string(),
            totals.entries.to_string(),
            totals.reclassified.to_string(),
            totals.reversals.to_string(),
            totals.notes.to_string(),
            totals.live.to_string(),
            totals.cancelled.to_string(),
            totals.conflicting.to_string(),
        ]);
    }
    table::align_numbers(&mut datasets, 1..usize::MAX);
    println!("\nbooks, {} files, {} bytes\n{datasets}", report.files, report.bytes);

    let mut quantities = table::new(&["dataset", "measure", "unit", "events", "control total"]);
    for totals in &report.datasets {
        for net in &totals.quantities {
            let quantity = table::decimal(net.quantity);
            let row =
                [totals.dataset.to_string(), net.measure.clone(), net.unit.clone(), net.events.to_string(), quantity];
            quantities.add_row(row);
        }
    }
    table::align_numbers(&mut quantities, 3..usize::MAX);
    println!(
        "\ncontrol totals, to check the books by; levels at different dates are in them, so they are no figures\n{quantities}"
    );
}

fn print_findings(report: &Report) {
    let lost: u64 = report.partitions.iter().map(|partition| partition.lost).sum();
    if lost > 0 {
        println!("\n{lost} offsets were deleted before they were read: what they held is in no figure");
    }
    if let Some(version) = &report.adopting {
        println!("\nreference version {version} is being adopted; `commonweal reference adopt {version}` goes on");
    }
    if report.is_sound() {
        println!("\nsound: L1 conservation, L2 additivity and L3 immutability hold");
        return;
    }
    println!("\nNOT SOUND");
    for fault in &report.faults {
        println!("  {} at {}: {}", fault.invariant, fault.place, fault.finding);
    }
    if report.faults_left_out > 0 {
        println!("  and {} more", report.faults_left_out);
    }
}
