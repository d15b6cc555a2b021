//! The Debian package.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::{Built, Install, VERSION};

/// Makes a package of the project in this folder; `None` where there is no dpkg-deb.
///
/// # Errors
/// A file cannot be written; dpkg-deb fails.
pub fn deb(out: &Path, built: &Built) -> anyhow::Result<Option<PathBuf>> {
    let architecture = match Command::new("dpkg-deb").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("run dpkg-deb"),
        Ok(_) => architecture(),
    };
    let name = format!("perdure_{VERSION}_{architecture}");
    let tree = out.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("remove {}", tree.display()))?;
    }
    let install = Install {
        prefix: Path::new("/usr"),
        destdir: Some(&tree),
        lib: "lib",
    };
    install.run(built)?;
    let control = tree.join("DEBIAN");
    fs::create_dir_all(&control)?;
    let text = include_str!("../files/control")
        .replace("@VERSION@", VERSION)
        .replace("@ARCHITECTURE@", architecture);
    fs::write(control.join("control"), text)?;
    for (name, script) in [
        ("postinst", include_str!("../files/postinst")),
        ("prerm", include_str!("../files/prerm")),
    ] {
        let path = control.join(name);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    let package = out.join(format!("{name}.deb"));
    let made = Command::new("dpkg-deb")
        .args(["--root-owner-group", "-Zgzip", "-z1", "--build"])
        .arg(&tree)
        .arg(&package)
        .output()
        .context("run dpkg-deb")?;
    ensure!(
        made.status.success(),
        "dpkg-deb: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    fs::remove_dir_all(&tree)?;
    Ok(Some(package))
}

/// Debian's name of the machine that this was built for.
const fn architecture() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "amd64"
    } else if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "any"
    }
}
