//! `mesh-node completions` and `mesh-node man`: what the command line says of itself, for shells and for paper.

use super::{Cli, Completions, Man, say};
use anyhow::Context;
use clap::CommandFactory;

/// A script for a shell, on the standard output.
pub(super) fn completions(args: &Completions) -> bool {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mesh-node", &mut script);
    say(&String::from_utf8_lossy(&script));
    true
}

/// The page of the program on the standard output, or one page for each command in a folder.
pub(super) fn man(args: &Man) -> anyhow::Result<bool> {
    let command = Cli::command().name("mesh-node");
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .with_context(|| format!("cannot write pages to {}", folder.display()))?;
        return Ok(true);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .context("cannot write the page")?;
    say(&String::from_utf8_lossy(&page));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_is_completed() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = Some(folder.path().join("man"));
        assert!(man(&Man { out }).expect("is written"));
        let all = Cli::command();
        for command in all.get_subcommands().filter(|it| !it.is_hide_set()) {
            let name = format!("mesh-node-{}.1", command.get_name());
            let page = std::fs::read_to_string(folder.path().join("man").join(&name));
            assert!(page.expect("is there").contains(".SH SYNOPSIS"), "{name}");
        }
        for shell in [
            clap_complete::Shell::Bash,
            clap_complete::Shell::Zsh,
            clap_complete::Shell::Fish,
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mesh-node", &mut script);
            let script = String::from_utf8(script).expect("is text");
            for word in ["lab", "probe", "--worker", "--situation"] {
                let word = word.trim_start_matches("--");
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
