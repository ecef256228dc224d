//! `commonweal`: see `commonweal --help`.

/// Batches are made on one thread and dropped on another, which the C library's
/// allocator pays for with locks and page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    commonweal::run(std::env::args_os())
}
