//! Pools in files of text: tables, JSON lines, and word vectors.
//!
//! | file | what it has |
//! | --- | --- |
//! | `csv` | tables with a column a dimension, or one of lists, .csv and .tsv |
//! | `json_lines`, `path` | objects with an array under a key, .jsonl; the way to it |
//! | `words` | a word a line, and its values, as word2vec, fastText and GloVe write them |
//! | `rows` | values parsed, checked and kept row by row |
//! | `ids` | the ids of rows, in each of these |
//! | `lines`, `list` | a file line by line; the values in a list |

mod csv;
mod ids;
mod json_lines;
mod lines;
mod list;
mod path;
mod rows;
mod words;

pub(super) use csv::read as read_csv;
pub(super) use ids::{each_of_csv, each_of_json_lines, each_of_words};
pub(super) use json_lines::read as read_json_lines;
pub(in crate::pool) use words::words;
pub(super) use words::{BINARY, read as read_word_vectors};
