//! The program under test: `commonweal` as it is, built with the tests.

fn main() -> std::process::ExitCode {
    commonweal::run(std::env::args_os())
}
