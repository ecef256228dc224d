//! `commonweal`: see `commonweal --help`.

fn main() -> std::process::ExitCode {
    commonweal::run(std::env::args_os())
}
