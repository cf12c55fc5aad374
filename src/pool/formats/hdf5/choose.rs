//! Which of a file's datasets is meant.

use hdf5_pure::{Dataset, File, Group};

use super::{damaged, kind};
use crate::pool::dense;
use crate::pool::formats::choose::choose;
use crate::pool::reason::Reason;

/// Groups within each other that are looked into, and groups and datasets in all: links may lead in circles.
const DEPTH: usize = 12;
const MOST_OBJECTS: usize = 1 << 17;

/// The dataset at the path `name`, or the only one of two dimensions, with its path.
pub(super) fn dataset(file: &File, name: Option<&str>) -> Result<(String, Dataset), Reason> {
    if let Some(name) = name {
        let path = name.trim_matches('/');
        if let Ok(dataset) = file.dataset(path) {
            return Ok((path.to_string(), dataset));
        }
        if file.group(path).is_ok_and(|group| is_sparse(&group)) {
            return Err(sparse(path));
        }
    }
    let Listed { mut datasets, sparse: first_sparse } = Listed::of(file)?;
    let mut what = "datasets";
    if name.is_none() {
        what = "two-dimensional datasets";
        datasets.retain(|listed| listed.is_pool.is_some());
        if datasets.iter().any(|listed| listed.is_pool == Some(true)) {
            datasets.retain(|listed| listed.is_pool == Some(true));
        }
        if let (true, Some(path)) = (datasets.is_empty(), first_sparse) {
            return Err(sparse(&path));
        }
    }
    let mut names: Vec<&str> = datasets.iter().map(|listed| &*listed.path).collect();
    names.sort_unstable();
    let path = names[choose(what, &names, name.map(|name| name.trim_matches('/')))?];
    Ok((path.to_string(), file.dataset(path).map_err(damaged)?))
}

/// The paths of all datasets.
pub(super) fn paths(file: &File) -> Result<Vec<String>, Reason> {
    let mut paths: Vec<String> =
        Listed::of(file)?.datasets.into_iter().map(|listed| listed.path).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// What a file holds.
struct Listed {
    datasets: Vec<Entry>,
    /// The path of the first sparse matrix.
    sparse: Option<String>,
}

struct Entry {
    path: String,
    /// Of two dimensions: whether its values are of a type that pools have.
    is_pool: Option<bool>,
}

impl Listed {
    fn of(file: &File) -> Result<Listed, Reason> {
        let mut listed = Listed { datasets: Vec::new(), sparse: None };
        let (mut left, mut groups) = (vec![(file.root(), String::new(), 0)], 1);
        while let Some((group, path, depth)) = left.pop() {
            if is_sparse(&group) {
                listed.sparse.get_or_insert(path.trim_end_matches('/').to_string());
                continue;
            }
            for (name, dataset) in group.iter_datasets().map_err(damaged)? {
                listed
                    .datasets
                    .push(Entry { path: path.clone() + &name, is_pool: is_pool(&dataset) });
            }
            if depth < DEPTH {
                let within = group.iter_groups().map_err(damaged)?;
                let within =
                    within.map(|(name, group)| (group, format!("{path}{name}/"), depth + 1));
                let before = left.len();
                left.extend(within);
                groups += left.len() - before;
            }
            if groups + listed.datasets.len() > MOST_OBJECTS {
                return Err("holds too many datasets to look for one: name it".into());
            }
        }
        Ok(listed)
    }
}

fn is_pool(dataset: &Dataset) -> Option<bool> {
    let shape = sides(&dataset.shape().ok()?).ok()?;
    let kind = dataset.datatype().ok().map(|datatype| kind::of(&datatype));
    let is_stored = matches!(kind, Some(Ok((kind, _))) if dense::stored(kind).is_ok());
    (rows_alone(&shape).len() == 2).then_some(is_stored)
}

/// The sides of an array.
pub(super) fn sides(shape: &[u64]) -> Result<Vec<usize>, Reason> {
    let side = |&side: &u64| {
        usize::try_from(side).map_err(|_| "claims more rows than there are addresses")
    };
    Ok(shape.iter().map(side).collect::<Result<_, _>>()?)
}

/// The sides from the first that counts: an array (1, n, d) is one of n rows.
pub(super) fn rows_alone(shape: &[usize]) -> &[usize] {
    match shape {
        [1, rest @ ..] if rest.len() >= 2 => rows_alone(rest),
        shape => shape,
    }
}

/// As AnnData writes a sparse matrix.
fn is_sparse(group: &Group) -> bool {
    let names = group.datasets().unwrap_or_default();
    ["data", "indices", "indptr"].iter().all(|part| names.iter().any(|name| name == part))
}

fn sparse(path: &str) -> Reason {
    let of = match path.split_once('/') {
        None if path == "X" => "X".into(),
        Some(("raw", "X")) => "raw.X".into(),
        Some((part @ ("layers" | "obsm" | "obsp"), key)) => format!("{part}['{key}']"),
        _ => {
            return format!(
                "holds a sparse matrix, '{path}', where a pool is dense: save its rows, m.toarray()"
            )
            .into();
        }
    };
    format!(
        "holds a sparse matrix, '{path}', where a pool is dense: np.save('X.npy', anndata.read_h5ad(path).{of}.toarray().astype('float32')) \
         writes one"
    )
    .into()
}
