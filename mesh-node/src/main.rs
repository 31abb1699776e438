//! `mesh-node`: headless, on devices and servers.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
