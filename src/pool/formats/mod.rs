//! The formats of files that hold rows, each with its reader.
//!
//! | file | what it has |
//! | --- | --- |
//! | `npz`, `safe_tensors`, `torch/`, `vectors` | readers, a format each; NumPy's own array is `npy` beside this folder |
//! | `columns/`, `columns_absent` | Parquet and Arrow; a build without them |
//! | `hdf5/`, `hdf5_absent` | HDF5; a build without it |
//! | `zarr/`, `zarr_absent` | Zarr; a build without it |
//! | `chunked/` | arrays in chunks that are encoded each by itself, as both of these have |
//! | `folder` | pools that are a folder each |
//! | `text/` | tables, JSON lines and word vectors, which are text |
//! | `annotated` | the ids in files of many arrays |
//! | `outlined` | pools in files without their values |
//! | `choose`, `wide` | which of several arrays in one file is meant; which columns, of a table with a column a dimension |
//! | `kept` | where rows are kept that come piece by piece |

#[cfg(any(feature = "hdf5", feature = "zarr"))]
mod annotated;
pub(super) mod choose;
#[cfg(any(feature = "hdf5", feature = "zarr"))]
#[cfg_attr(
    not(all(feature = "hdf5", feature = "zarr")),
    allow(dead_code, reason = "each of the two has some of the codecs")
)]
mod chunked;
#[cfg_attr(not(feature = "parquet"), path = "columns_absent.rs")]
pub(super) mod columns;
pub(super) mod folder;
#[cfg_attr(not(feature = "hdf5"), path = "hdf5_absent.rs")]
mod hdf5;
mod kept;
mod npz;
mod outlined;
mod safe_tensors;
pub(super) mod text;
mod torch;
mod vectors;
mod wide;
#[cfg_attr(not(feature = "zarr"), path = "zarr_absent.rs")]
mod zarr;

use std::path::Path;

use super::bytes::Store;
use super::ids::{self, IdRef};
use super::meant::Meant;
use super::reason::Reason;
use super::scratch::Room;
use super::{Dtype, Pool, npy};

/// The ids in `name`, a column or an array of a file of `rows` rows, each given to `take` with its row.
pub(super) fn each_id(
    format: Format,
    store: Store<'static>,
    name: &str,
    rows: usize,
    take: &mut dyn FnMut(usize, IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    match format {
        Format::Parquet => columns::each_id_of_parquet(store, name, take),
        Format::Arrow => columns::each_id_of_arrow(&store, name, take),
        Format::Npz => ids::npy::each(&npz::member(&store, name)?, take),
        Format::Hdf5 => hdf5::each_id(store, name, rows, take),
        Format::ZarrArchive => zarr::each_id_of_archive(store, name, rows, take),
        Format::Csv => text::each_of_csv(&store, name, take),
        Format::JsonLines => text::each_of_json_lines(&store, name, take),
        Format::Words => text::each_of_words(&store, name, take),
        _ => Err("has no columns that ids could stand in: give a file of ids, or path".into()),
    }
}

/// The names of the columns of a Parquet file.
pub(super) fn names_of(store: Store<'static>) -> Result<Vec<String>, Reason> {
    columns::names_of_parquet(store)
}

/// A file format that holds rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Npy,
    Npz,
    Safetensors,
    Torch,
    Parquet,
    Arrow,
    Hdf5,
    ZarrArchive,
    Bin(Dtype),
    Vecs(Dtype),
    Csv,
    JsonLines,
    Words,
}

const KNOWN: &str = ".npy, .npz, .safetensors, .pt (.pth), .parquet (.pq, .parq), .arrow (.arrows, .feather, .ipc), .h5 (.hdf5, .h5ad, .hdf), .zarr (also a .zip of one), .fbin, .f16bin, .u8bin, .i8bin, .fvecs, .bvecs, .csv (.tsv), .jsonl (.ndjson) and .vec (.w2v)";
/// The names that a format may be given.
const NAMES: &str = "npy, npz, safetensors, pt, parquet, arrow, h5, fbin, f16bin, u8bin, i8bin, fvecs, bvecs, csv, jsonl or word2vec";

impl Format {
    /// By the extension of a file's name; what big-ann's tools put behind it where they keep the first rows alone is no part of it.
    pub fn of(path: &Path) -> Result<Format, Reason> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let whole = name.split_once(".crop_nb_").map_or(&*name, |(whole, _)| whole);
        let extension = Path::new(whole).extension().unwrap_or_default().to_string_lossy();
        let hint =
            if extension == "bin" { format!("; it {}", text::BINARY) } else { String::new() };
        Format::named(&extension).ok_or_else(|| {
            format!(
                "is of no format that pools are read from: {KNOWN}; where the name does not tell, --format does, as --format fbin{hint}"
            )
            .into()
        })
    }

    /// By an extension, or another name of the format, in small letters.
    pub fn named(name: &str) -> Option<Format> {
        Some(match name.strip_prefix('.').unwrap_or(name) {
            "npy" => Format::Npy,
            "npz" => Format::Npz,
            "safetensors" => Format::Safetensors,
            "pt" | "pth" => Format::Torch,
            "parquet" | "parq" | "pq" => Format::Parquet,
            "arrow" | "arrows" | "feather" | "ipc" => Format::Arrow,
            "h5" | "hdf5" | "h5ad" | "hdf" => Format::Hdf5,
            "zip" => Format::ZarrArchive,
            "fbin" => Format::Bin(Dtype::F32),
            "f16bin" => Format::Bin(Dtype::F16),
            "u8bin" => Format::Bin(Dtype::U8),
            "i8bin" => Format::Bin(Dtype::I8),
            "fvecs" => Format::Vecs(Dtype::F32),
            "bvecs" => Format::Vecs(Dtype::U8),
            "csv" | "tsv" => Format::Csv,
            "jsonl" | "ndjson" => Format::JsonLines,
            "vec" | "w2v" | "word2vec" | "fasttext" | "glove" => Format::Words,
            _ => return None,
        })
    }

    /// What [`Format::named`] knows, in words.
    pub fn known_names() -> &'static str {
        NAMES
    }

    /// Whether a file may hold several arrays, to be told apart by name.
    pub fn has_names(self) -> bool {
        matches!(
            self,
            Format::Npz
                | Format::Safetensors
                | Format::Torch
                | Format::Parquet
                | Format::Arrow
                | Format::Hdf5
                | Format::ZarrArchive
                | Format::Csv
                | Format::JsonLines
        )
    }

    /// Whether a file may have a column a dimension.
    pub fn has_columns(self) -> bool {
        matches!(self, Format::Parquet | Format::Arrow | Format::Csv)
    }

    /// Whether of an object in a store only the parts that are needed are fetched.
    pub fn is_read_by_parts(self) -> bool {
        self == Format::Parquet
    }

    /// Whether rows never lie where the file does: they are copied, or go to the scratch folder.
    pub fn is_copied(self) -> bool {
        matches!(
            self,
            Format::Arrow | Format::ZarrArchive | Format::Csv | Format::JsonLines | Format::Words
        )
    }

    /// The pool in `store`, all of a file.
    pub fn read(
        self,
        store: Store<'static>,
        meant: Meant,
        room: &Room,
    ) -> Result<Pool<'static>, Reason> {
        match self {
            Format::Npy => {
                let length = store.length();
                npy::read(store, (0, length), meant.dtype, room)
            }
            Format::Npz => npz::read(store, meant, room),
            Format::Safetensors => safe_tensors::read(store, meant.name, room),
            Format::Torch => torch::read(store, meant.name, room),
            Format::Parquet => columns::read_parquet(store, meant, room),
            Format::Arrow => columns::read_arrow(store, meant, room),
            Format::Hdf5 => hdf5::read(store, meant.name, room),
            Format::ZarrArchive => zarr::read_archive(store, meant.name, room),
            Format::Bin(dtype) => vectors::read_bin(store, dtype),
            Format::Vecs(dtype) => vectors::read_vecs(store, dtype),
            Format::Csv => text::read_csv(&store, meant, room),
            Format::JsonLines => text::read_json_lines(&store, meant, room),
            Format::Words => text::read_word_vectors(&store, meant, room),
        }
    }
}
