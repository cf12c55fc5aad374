//! Strings of one width, as NumPy stores them, and what took after it.

/// Bytes without the zeros behind them; none if they are not text.
pub(in crate::pool) fn narrow(item: &[u8]) -> Option<&str> {
    let end = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&item[..end]).ok()
}

/// Characters of four bytes each, without the zeros behind them; none if one of them is no character.
pub(in crate::pool) fn wide(item: &[u8], big_endian: bool) -> Option<String> {
    let character = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        let code = if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        char::from_u32(code)
    };
    let text: Option<String> = item.chunks_exact(4).map(character).collect();
    Some(text?.trim_end_matches('\0').to_string())
}
