//! Memory that this process may still take: what the machine has free, what its control groups leave, what the caller allows.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};

/// What sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// What the machine has free.
    Machine,
    /// A control group of this process, or one above it.
    ControlGroup,
    /// A limit of this process (`ulimit -v` or `-d`).
    Process,
    /// The caller, as by the program's `--memory`.
    Caller,
}

/// Memory that may be taken beside what this process holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// How much.
    pub bytes: u64,
    /// What leaves no more.
    pub limited_by: LimitedBy,
}

impl Memory {
    /// What the system leaves this process: the least of what the machine has free, what each of its control groups (version 1 or
    /// 2) leaves, and what its own limits of address space and data leave. Pages of files count as free, since the system drops them when memory is needed. `None` where the system does not
    /// say.
    pub fn available() -> Option<Memory> {
        available_under(Path::new("/"))
    }

    /// As [`Memory::available`], for a process that may hold `limit` bytes in all. Without a limit it is the same.
    pub fn within(limit: Option<u64>) -> Option<Memory> {
        let left = limit.map(|limit| Memory {
            bytes: limit.saturating_sub(held()),
            limited_by: LimitedBy::Caller,
        });
        least(left.into_iter().chain(Memory::available()))
    }
}

/// Makes sure, before work begins, that the system gives `bytes` of memory for it. What is asked for later in small pieces cannot be
/// refused: the process would end.
///
/// # Errors
/// [`Error::Memory`].
pub(crate) fn check(bytes: u64) -> Result<()> {
    let refuse = |_| Error::Memory { bytes };
    let length = usize::try_from(bytes).map_err(|_| Error::Memory { bytes })?;
    Vec::<u8>::new().try_reserve_exact(length).map_err(refuse)
}

/// Bytes of memory that this process holds; 0 where the system does not say.
pub(crate) fn held() -> u64 {
    resident(Path::new("/")).unwrap_or(0)
}

fn least(memories: impl Iterator<Item = Memory>) -> Option<Memory> {
    memories.min_by_key(|memory| memory.bytes)
}

/// A number of bytes as people write it: `4GB`, `1.5 GiB`, `500MB`, `1048576`.
///
/// # Errors
/// [`Error::Options`] if the text is none, or is 0.
pub fn parse_size(text: &str) -> Result<u64> {
    let refuse =
        || Error::Options(format!("'{text}' is no size: give bytes with a unit, as 4GB or 512MiB"));
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: f64 = match &*unit.trim().to_ascii_lowercase() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err(refuse()),
    };
    let bytes = number.parse::<f64>().map_err(|_| refuse())? * unit;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    let whole = (1.0..1e18).contains(&bytes).then_some(bytes as u64);
    whole.ok_or_else(refuse)
}

/// A number of bytes in a sentence: three digits and a unit.
pub fn size_text(bytes: u64) -> String {
    let bytes = bytes as f64;
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        None => format!("{bytes} bytes"),
        Some((unit, name)) => format!("{:.1} {name}", bytes / unit),
    }
}

/// As [`Memory::available`], of the system whose files lie under `root`.
fn available_under(root: &Path) -> Option<Memory> {
    let free = kib_field(&root.join("proc/meminfo"), "MemAvailable:");
    let machine = free.map(|bytes| Memory { bytes, limited_by: LimitedBy::Machine });
    let groups = group_folders(root).into_iter().flat_map(|(version, folder, top)| {
        let above: Vec<PathBuf> = folder.ancestors().map(Path::to_path_buf).collect();
        let within = above.into_iter().take_while(move |folder| folder.starts_with(&top));
        within.filter_map(move |folder| version.left(&folder))
    });
    let groups = groups.map(|bytes| Memory { bytes, limited_by: LimitedBy::ControlGroup });
    let limits = process_limits(root).map(|bytes| Memory { bytes, limited_by: LimitedBy::Process });
    least(machine.into_iter().chain(groups).chain(limits))
}

/// What each limit of this process leaves it: of its address space, and of its data.
fn process_limits(root: &Path) -> impl Iterator<Item = u64> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).unwrap_or_default();
    let status = root.join("proc/self/status");
    [("Max address space", "VmSize:"), ("Max data size", "VmData:")].into_iter().filter_map(
        move |(limit, held)| {
            let line = limits.lines().find_map(|line| line.strip_prefix(limit))?;
            // Without a limit the first field is "unlimited".
            let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
            Some(limit.saturating_sub(kib_field(&status, held).unwrap_or(0)))
        },
    )
}

/// Bytes of memory that this process holds.
fn resident(root: &Path) -> Option<u64> {
    kib_field(&root.join("proc/self/status"), "VmRSS:")
}

/// A size in a file of lines such as `VmRSS:   1024 kB`, in bytes.
fn kib_field(path: &Path, field: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The two versions of control groups, by the names of their files.
#[derive(Clone, Copy)]
struct Version {
    limit: &'static str,
    used: &'static str,
    /// Pages of files among those used: the system drops them when memory is needed.
    file_pages: [&'static str; 2],
}

const V1: Version = Version {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    file_pages: ["total_inactive_file ", "total_active_file "],
};
const V2: Version = Version {
    limit: "memory.max",
    used: "memory.current",
    file_pages: ["inactive_file ", "active_file "],
};

impl Version {
    /// Bytes that the group of `folder` leaves, if it sets a limit.
    fn left(self, folder: &Path) -> Option<u64> {
        let number = |name| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        // Without a limit, version 2 says "max" and version 1 a number beyond any memory.
        let limit = number(self.limit).filter(|&limit| limit < 1 << 60)?;
        let used = number(self.used).unwrap_or(0);
        let details = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let pages = |field| {
            let line = details.lines().find_map(|line| line.strip_prefix(field));
            line.and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(0)
        };
        let file_pages: u64 = self.file_pages.into_iter().map(pages).sum();
        Some(limit.saturating_sub(used.saturating_sub(file_pages)))
    }
}

/// The folders of this process's memory groups, each with the folder of the topmost group that can be seen.
fn group_folders(root: &Path) -> Vec<(Version, PathBuf, PathBuf)> {
    let read = |path| fs::read_to_string(root.join(path)).unwrap_or_default();
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let folder = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        let version = match controllers {
            "" => V2,
            _ if controllers.split(',').any(|name| name == "memory") => V1,
            _ => return None,
        };
        let (mounted, top) = mounts.lines().find_map(|line| mount(line, controllers.is_empty()))?;
        let top = root.join(top.trim_start_matches('/'));
        // Inside a container the mount may begin below the group's path, or the path be one that is not mounted.
        let below = Path::new(group).strip_prefix(mounted).unwrap_or(Path::new(""));
        Some((version, top.join(below), top.clone()))
    };
    groups.lines().filter_map(folder).collect()
}

/// Which group is mounted where, if `line` of mountinfo is a mount of memory groups.
fn mount(line: &str, unified: bool) -> Option<(&str, &str)> {
    let (place, kind) = line.split_once(" - ")?;
    let is_wanted = match unified {
        true => kind.starts_with("cgroup2 "),
        false => kind.starts_with("cgroup ") && kind.split([' ', ',']).any(|word| word == "memory"),
    };
    let mut fields = place.split(' ').skip(3);
    is_wanted.then(|| fields.next().zip(fields.next())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system of files, as the kernel shows them.
    fn system(files: &[(&str, &str)]) -> Option<Memory> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        available_under(folder.path())
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:    1000 kB\n");

    fn by_group(bytes: u64) -> Option<Memory> {
        Some(Memory { bytes, limited_by: LimitedBy::ControlGroup })
    }

    #[test]
    fn without_groups_the_machine_limits() {
        let machine = Memory { bytes: 1_024_000, limited_by: LimitedBy::Machine };
        assert_eq!(system(&[MEMINFO]), Some(machine));
        assert_eq!(system(&[]), None);
        assert!(Memory::available().is_some_and(|memory| memory.bytes > 0) || cfg!(not(unix)));
    }

    #[test]
    fn a_group_above_limits_in_version_2() {
        let mount = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
        let mut files = vec![
            MEMINFO,
            ("proc/self/cgroup", "0::/a/b\n"),
            ("proc/self/mountinfo", mount),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/memory.max", "900000\n"),
            ("sys/fs/cgroup/a/memory.current", "500000\n"),
            ("sys/fs/cgroup/a/memory.stat", "inactive_file 200000\nactive_file 100\nfile 7\n"),
        ];
        assert_eq!(system(&files), by_group(600_100));
        files.push(("sys/fs/cgroup/a/b/memory.max", "70000\n"));
        assert_eq!(system(&files), by_group(70_000));
    }

    #[test]
    fn groups_limit_in_version_1_inside_a_container() {
        let mount = "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                     36 31 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "8:pids:/\n4:memory:/docker/x/job\n0::/\n"),
            ("proc/self/mountinfo", mount),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "300000\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "250000\n"),
            (
                "sys/fs/cgroup/memory/job/memory.stat",
                "inactive_file 9\ntotal_inactive_file 50000\n",
            ),
        ];
        assert_eq!(system(&files), by_group(100_000));
    }

    #[test]
    fn a_limit_of_the_process_limits() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             700000               unlimited            bytes     \n\
                      Max address space         unlimited            unlimited            bytes     \n";
        let status = "VmSize:\t     500 kB\nVmData:\t     100 kB\n";
        let files = [MEMINFO, ("proc/self/limits", limits), ("proc/self/status", status)];
        let left = Memory { bytes: 700_000 - 102_400, limited_by: LimitedBy::Process };
        assert_eq!(system(&files), Some(left));
        let limits = limits.replace("space         unlimited", "space         600000   ");
        let files = [MEMINFO, ("proc/self/limits", &*limits), ("proc/self/status", status)];
        assert_eq!(system(&files).unwrap().bytes, 600_000 - 512_000);
    }

    #[test]
    fn memory_that_there_is_not_is_refused() {
        assert!(check(1 << 20).is_ok());
        let told = check(u64::MAX / 2).unwrap_err().to_string();
        assert!(told.starts_with("the run needs 9223372.0 TB of memory beside the pool"), "{told}");
    }

    #[test]
    fn a_caller_limits_what_the_process_holds() {
        let limit = resident(Path::new("/")).unwrap() + 1_000_000;
        let memory = Memory::within(Some(limit)).unwrap();
        assert_eq!(memory.limited_by, LimitedBy::Caller);
        assert!(memory.bytes <= 1_000_000);
        assert_eq!(Memory::within(Some(1)).unwrap().bytes, 0);
        assert!(Memory::within(None).unwrap().limited_by != LimitedBy::Caller);
    }

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in [
            ("4GB", 4_000_000_000),
            ("1.5 GiB", 3 << 29),
            ("500mb", 500_000_000),
            ("1048576", 1 << 20),
            (" 2k ", 2000),
        ] {
            assert_eq!(parse_size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "0", "-1GB", "4 bananas", "GB", "1e3", "1.2.3MB", "99999999TB"] {
            assert!(parse_size(text).unwrap_err().to_string().starts_with(&format!("'{text}'")));
        }
        let texts = [999, 1000, 25_000_000, 12_800_000_000].map(size_text);
        assert_eq!(texts, ["999 bytes", "1.0 kB", "25.0 MB", "12.8 GB"]);
    }
}
