//! A relation between two kinds of things, such as rows and columns: lists laid end to end.

/// List `i` is `items[starts[i]..starts[i + 1]]`, in increasing order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incidence {
    starts: Vec<usize>,
    items: Vec<u32>,
}

impl Incidence {
    pub fn new() -> Incidence {
        Incidence { starts: vec![0], items: Vec::new() }
    }

    /// Add a list at the end.
    pub fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.items.extend(list);
        self.starts.push(self.items.len());
    }

    /// Number of lists.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn get(&self, list: usize) -> &[u32] {
        &self.items[self.starts[list]..self.starts[list + 1]]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + Clone {
        self.starts.windows(2).map(|ends| &self.items[ends[0]..ends[1]])
    }

    /// Items in all lists together.
    pub fn pairs(&self) -> usize {
        self.items.len()
    }

    /// For each item below `count`, the lists that hold it.
    pub fn transpose(&self, count: usize) -> Incidence {
        let mut starts = vec![0usize; count + 1];
        self.items.iter().for_each(|&item| starts[item as usize + 1] += 1);
        (0..count).for_each(|item| starts[item + 1] += starts[item]);
        let (mut next, mut items) = (starts.clone(), vec![0u32; self.items.len()]);
        for (number, list) in (0u32..).zip(self.iter()) {
            for &item in list {
                items[next[item as usize]] = number;
                next[item as usize] += 1;
            }
        }
        Incidence { starts, items }
    }
}
